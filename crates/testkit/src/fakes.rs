//! Fakes: working implementations of the ports without the world behind them. Each port's contract runs on its fake too.

mod fixed_clock;
mod memory_logs;
mod memory_store;
mod plain_digester;

pub use fixed_clock::FixedClock;
pub use memory_logs::MemoryLogs;
pub use memory_store::MemoryStore;
pub use plain_digester::PlainDigester;
