//! The keys that secrets are sealed with: sealing everything anew with the first one while the daemon works, and
//! finding what cannot be opened. Never shows a secret.

use std::fmt;
use std::sync::Arc;

use orch_domain::audit::{AuditAction, AuditEntry, FactName};
use orch_domain::id::SecretId;
use orch_domain::port::sealed_repo::SealedValue;
use orch_domain::port::vault::VaultError;
use orch_domain::principal::Principal;
use orch_domain::secret::{SealedPlace, Secret};

use crate::access::Access;
use crate::audit::Trail;
use crate::error::ControlError;
use crate::ports::Ports;

/// Values that are sealed anew in one write: others write in between.
const AT_ONCE: u32 = 100;

#[derive(Clone)]
pub struct Encryption {
    ports: Arc<Ports>,
    access: Access,
}

/// What a look through all sealed values has found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EncryptionReport {
    pub values: u64,
    /// Sealed with another key than the first.
    pub stale: u64,
    pub broken: Vec<BrokenValue>,
    /// Sealed anew by this run.
    pub renewed: u64,
}

/// A value that does not open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenValue {
    pub table: &'static str,
    pub row: uuid::Uuid,
    pub problem: VaultError,
}

impl Encryption {
    pub(crate) fn new(ports: Arc<Ports>, access: Access) -> Self {
        Self { ports, access }
    }

    /// Opens every value and tells which do not open.
    pub async fn verify(&self, who: &Principal) -> Result<EncryptionReport, ControlError> {
        self.access.instance(who).await?;
        let mut report = EncryptionReport::default();
        let mut after = None;
        loop {
            let values = self.ports.sealed.list(after, AT_ONCE).await?;
            let Some(last) = values.last() else { return Ok(report) };
            after = Some((last.table, last.row));
            for value in &values {
                self.look(value, &mut report);
            }
        }
    }

    /// Seals anew what is sealed with another key than the first, a batch at a time. A run that was broken off is
    /// taken up by the next; what does not open is told and left.
    pub async fn rotate(&self, who: &Principal) -> Result<EncryptionReport, ControlError> {
        self.access.instance(who).await?;
        let mut report = EncryptionReport::default();
        let mut after = None;
        loop {
            let values = self.ports.sealed.list(after, AT_ONCE).await?;
            let Some(last) = values.last() else { break };
            after = Some((last.table, last.row));
            let mut renewed = Vec::new();
            for value in values {
                if self.look(&value, &mut report) {
                    let plain = self.ports.vault.open(place(&value), &value.sealed)?;
                    let sealed = self.ports.vault.seal(place(&value), &plain)?;
                    renewed.push((value, sealed));
                }
            }
            if !renewed.is_empty() {
                if report.renewed == 0 {
                    // Also of a run that is broken off it is on record who began it.
                    let detail = "begins to seal what is not sealed with the first key".to_owned();
                    self.ports.audit.append(&self.entry(who, AuditAction::EncryptionBegin, detail)).await?;
                }
                report.renewed += self.ports.sealed.replace(&renewed).await?;
            }
        }
        if report.renewed > 0 {
            let detail = format!("sealed {} secrets with the first key", report.renewed);
            let entry = self.entry(who, AuditAction::EncryptionRotate, detail);
            self.ports.audit.append(&entry.with(FactName::Count, report.renewed)).await?;
        }
        Ok(report)
    }

    fn entry(&self, who: &Principal, action: AuditAction, detail: String) -> AuditEntry {
        Trail::new(who, self.ports.clock.now()).entry(action, "instance", "", "", detail)
    }

    /// Counts a value; true when it opens and is to be sealed anew.
    fn look(&self, value: &SealedValue, report: &mut EncryptionReport) -> bool {
        report.values += 1;
        let stale = self.ports.vault.is_stale(&value.sealed);
        report.stale += u64::from(stale);
        match self.ports.vault.open(place(value), &value.sealed) {
            Ok(_) => stale,
            Err(problem) => {
                report.broken.push(BrokenValue { table: value.table, row: value.row, problem });
                false
            }
        }
    }
}

/// All sealed values are secrets of servers, the project's or a member's.
const fn place(value: &SealedValue) -> SealedPlace<'static> {
    Secret::place(SecretId::from_uuid(value.row))
}

impl fmt::Debug for Encryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encryption").finish_non_exhaustive()
    }
}
