//! Behavior of the gateway over HTTP.
