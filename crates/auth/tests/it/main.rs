//! Behaviour of the crate through its public door.

#[cfg(test)]
mod api_key;
#[cfg(test)]
mod authenticator;
#[cfg(test)]
mod cost;
#[cfg(test)]
mod fakes;
#[cfg(test)]
mod logins;
#[cfg(test)]
mod master;
#[cfg(test)]
mod password;
#[cfg(test)]
mod redaction;
#[cfg(test)]
mod vault;
#[cfg(test)]
mod world;
