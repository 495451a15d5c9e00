//! The map for what is looked up on the way of every call.

/// Hashes with fewer steps than the standard one, with a seed of its own in each process. That is no proof against who
/// chooses keys to meet in one bucket: what strangers choose in any number belongs into the standard map.
pub type Map<K, V> = std::collections::HashMap<K, V, foldhash::fast::RandomState>;
