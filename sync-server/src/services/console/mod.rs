//! Who sits at the web console: signed in with a password, a code that changes, or by the hospital's own directory.

pub mod emergency;
pub mod oidc;
pub(crate) mod second_factor;
pub(crate) mod sign_in;
