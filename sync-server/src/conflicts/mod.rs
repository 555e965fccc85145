//! Items at the hub: kept when a change is taken ([`keep`]), listed ([`list`]) and settled ([`settle`]). See
//! `shared::conflicts` for what an item is.

pub(crate) mod keep;
pub(crate) mod list;
pub(crate) mod settle;
