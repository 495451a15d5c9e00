//! The map for what is looked up on the way of every call.

/// Hashes several times as fast as the standard one, and with a seed of its own in each process, so that nobody can choose
/// keys that meet in one bucket without having seen what it does with others.
pub type Map<K, V> = std::collections::HashMap<K, V, foldhash::fast::RandomState>;
