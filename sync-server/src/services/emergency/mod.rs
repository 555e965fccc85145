//! Emergency access: summaries go out to desks, what was opened comes in, clinical managers look at it.

pub(crate) mod keys;
pub(crate) mod openings;
pub(crate) mod review;
pub(crate) mod summaries;
