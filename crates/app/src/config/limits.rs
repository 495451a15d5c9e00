//! Limits of processes as settings of the instance.

use orch_domain::limits::{Limit, LimitRules, ProcessLimits};
use serde::Deserialize;

/// Limits of the processes of servers: for those that set none, and for all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitSettings {
    pub default: DefaultLimits,
    pub max: MaxLimits,
}

/// One for each section, as what is left out of a section is as it is without the section: one line changes nothing else.
macro_rules! limits {
    ($(#[$doc:meta])* $name:ident { memory_mib: $memory_mib:literal, processes: $processes:literal }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            pub memory_mib: u32,
            pub cpu_seconds: u32,
            pub open_files: u32,
            pub processes: u32,
            pub line_kib: u32,
            pub log_kib: u32,
        }

        impl Default for $name {
            fn default() -> Self {
                Self {
                    memory_mib: $memory_mib,
                    cpu_seconds: 0,
                    open_files: 0,
                    processes: $processes,
                    line_kib: 0,
                    log_kib: 0,
                }
            }
        }

        impl $name {
            fn limits(&self) -> ProcessLimits {
                let values = [
                    (Limit::Memory, self.memory_mib),
                    (Limit::CpuTime, self.cpu_seconds),
                    (Limit::OpenFiles, self.open_files),
                    (Limit::Processes, self.processes),
                    (Limit::Line, self.line_kib),
                    (Limit::Log, self.log_kib),
                ];
                let set = values.into_iter().filter(|(_, value)| *value > 0);
                set.fold(ProcessLimits::default(), |limits, (limit, value)| limits.with(limit, Some(value)))
            }
        }
    };
}

limits! {
    /// Of servers that set none; 0 is without limit.
    DefaultLimits { memory_mib: 4096, processes: 512 }
}

limits! {
    /// Of all servers; 0 is without limit.
    MaxLimits { memory_mib: 0, processes: 0 }
}

impl LimitSettings {
    pub(crate) fn rules(&self) -> LimitRules {
        LimitRules { defaults: self.default.limits(), maxima: self.max.limits() }
    }
}
