//! What goes into the slots of an imported server: a new value, or the stored one that a placeholder stands for.

use orch_domain::alias::Alias;
use orch_domain::port::vault::{Vault, VaultError};
use orch_domain::secret::{Secret, Slot};
use orch_domain::server::Server;
use secrecy::ExposeSecret;

use crate::mcp_config::{ConfigFile, ConfigServer, ConfigValue, placeholder};
use crate::problem::Problem;
use crate::servers::blueprint::{SlotValue, check_value};

pub(super) struct Values {
    pub(super) slots: Vec<(Slot, SlotValue)>,
    pub(super) problems: Vec<Problem>,
}

pub(super) fn resolve(
    file: &ConfigFile<'_>,
    entry: &ConfigServer,
    alias: &Alias,
    stored: Option<&Server>,
    vault: &dyn Vault,
) -> Result<Values, VaultError> {
    let mut values = Values { slots: Vec::with_capacity(entry.values.len()), problems: Vec::new() };
    for value in &entry.values {
        let text = value.text.expose_secret();
        let kept = match kept(stored, alias, value) {
            Some(secret) => Some(secret),
            None => unchanged(stored, value, vault)?,
        };
        if let Some(secret) = kept {
            values.slots.push((value.slot.clone(), SlotValue::Keep(secret.clone())));
            continue;
        }
        let found = placeholder::first(text)
            .map(|found| ("nothing is stored for this placeholder".to_owned(), in_place_of(found)))
            .or_else(|| check_value(&value.slot, text).map(|(problem, hint)| (problem.to_owned(), hint.to_owned())));
        if let Some((problem, hint)) = found {
            let at = file.source.position(value.offset);
            values.problems.push(Problem::new(value.path.clone(), problem, hint).at(at));
        }
        values.slots.push((value.slot.clone(), SlotValue::New(value.text.clone())));
    }
    Ok(values)
}

fn in_place_of(placeholder: &str) -> String {
    format!("write the value in place of {placeholder}")
}

/// The stored secret that a placeholder of ours means: the one of the same slot, or another one of the same kind.
fn kept<'a>(stored: Option<&'a Server>, alias: &Alias, value: &ConfigValue) -> Option<&'a Secret> {
    let secrets = &stored?.secrets;
    let wanted = placeholder::whole(value.text.expose_secret())?;
    let is_wanted = |secret: &&Secret| placeholder::name(alias, &secret.slot) == wanted;
    let same_slot = secrets.iter().filter(|secret| secret.slot == value.slot).find(is_wanted);
    // Only among slots of one kind: a value for a process is not sent to a host, and not shown in an argument list.
    let same_kind = |secret: &&Secret| std::mem::discriminant(&secret.slot) == std::mem::discriminant(&value.slot);
    same_slot.or_else(|| secrets.iter().filter(same_kind).find(is_wanted))
}

/// The stored secret of the slot when the file says the same in plain.
fn unchanged<'a>(
    stored: Option<&'a Server>,
    value: &ConfigValue,
    vault: &dyn Vault,
) -> Result<Option<&'a Secret>, VaultError> {
    let Some(secret) = stored.and_then(|server| server.secrets.iter().find(|secret| secret.slot == value.slot)) else {
        return Ok(None);
    };
    let plain = vault.open(Secret::place(secret.id), &secret.sealed)?;
    Ok((plain.expose_secret() == value.text.expose_secret()).then_some(secret))
}
