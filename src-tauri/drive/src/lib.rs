//! Drives the real desktop program through WebDriver, as a person would: for the window test, the demo and the bench.
//!
//! A [`Screen`] is a display that nobody sees, a [`Hub`] and a [`Window`] are the real programs, a [`Cut`] is the cable
//! between them. Everything started here ends with the value that started it.

mod cut;
mod hub;
mod process;
mod ready;
mod screen;
mod tour;
mod window;

pub use cut::Cut;
pub use hub::Hub;
pub use process::{Programs, free_port, until};
pub use ready::{Ready, window_ready};
pub use screen::Screen;
pub use tour::{Stop, tour};
pub use window::{Launch, Window};
