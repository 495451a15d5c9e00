//! The relay through its public door, with scripted peers behind it.

mod calls;
mod house;
mod lists;
mod starting;
