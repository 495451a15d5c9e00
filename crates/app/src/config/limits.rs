//! Limits of processes as settings of the instance.

use orch_domain::limits::{Limit, LimitRules, ProcessLimits};
use serde::Deserialize;

/// Limits of the processes of servers: for those that set none, and for all.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitSettings {
    pub default: LimitValues,
    pub max: LimitValues,
}

/// Left out, or 0, is without limit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitValues {
    pub memory_mib: u32,
    pub cpu_seconds: u32,
    pub open_files: u32,
    pub processes: u32,
    pub line_kib: u32,
    pub log_kib: u32,
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self {
            default: LimitValues { memory_mib: 4096, processes: 512, ..LimitValues::default() },
            max: LimitValues::default(),
        }
    }
}

impl LimitSettings {
    pub(crate) fn rules(&self) -> LimitRules {
        LimitRules { defaults: self.default.limits(), maxima: self.max.limits() }
    }
}

impl LimitValues {
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
