//! Fakes: working implementations of the ports without the world behind them. Each port's contract runs on its fake too.

mod fixed_clock;
mod healthy_system;
mod memory_logs;
mod memory_store;
mod plain_digester;
mod plain_hasher;

pub use fixed_clock::FixedClock;
pub use healthy_system::HealthySystem;
pub use memory_logs::MemoryLogs;
pub use memory_store::MemoryStore;
pub use plain_digester::PlainDigester;
pub use plain_hasher::PlainHasher;
