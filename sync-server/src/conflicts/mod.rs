//! Items at the hub: kept when a change is taken ([`keep`]), listed ([`list`]) and settled ([`settle`]). Those of money are the
//! books' own ([`money`]). See
//! `shared::conflicts` for what an item is.

pub(crate) mod count;
pub(crate) mod keep;
pub(crate) mod list;
mod money;
pub(crate) mod settle;
