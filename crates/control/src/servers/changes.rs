//! What an update of a server changes, whichever way it came, and whether what runs must be replaced for it.

use std::collections::BTreeSet;

use orch_domain::audit::ChangedPart;
use orch_domain::run_settings::RunSettings;
use orch_domain::secret::{Secret, Slot};
use orch_domain::server::{Server, Transport};

use crate::changes::Changes;
use crate::servers::moved;

pub(crate) fn between(before: &Server, after: &Server) -> Changes {
    let mut changes = Changes::default();
    changes.tell(ChangedPart::Alias, after.alias != before.alias, || format!("from {}", before.alias));
    changes.note(ChangedPart::Name, after.name != before.name);
    changes.note(ChangedPart::Timeout, after.call_timeout != before.call_timeout);
    let (was, is) = (before.dialect, after.dialect);
    changes.tell(ChangedPart::Era, is.era != was.era, || format!("to {}", is.era.as_str()));
    changes.tell(ChangedPart::Interactive, is.interactive != was.interactive, || {
        format!("to {}", is.interactive.as_str())
    });
    transport(&mut changes, &before.transport, &after.transport);
    let mut args = false;
    for slot in touched(before, after) {
        match slot {
            Slot::Arg(_) => args = true,
            Slot::Env(name) => changes.named(ChangedPart::Env, name),
            Slot::Header(name) => changes.named(ChangedPart::Header, name),
        }
    }
    changes.note(ChangedPart::Args, args);
    let moves = moved::leaves_members_behind(&before.transport, &after.transport);
    changes.tell(ChangedPart::ValuesOfMembers, moves && !before.run.personal.is_empty(), || "removed".to_owned());
    run(&mut changes, &before.run, &after.run);
    changes.note(ChangedPart::Limits, after.limits != before.limits);
    changes.note(ChangedPart::Sandbox, after.sandbox != before.sandbox);
    let switched = if after.enabled { ChangedPart::Enabled } else { ChangedPart::Disabled };
    changes.note(switched, after.enabled != before.enabled);
    changes.note(ChangedPart::OtherMembers, members(after) != members(before));
    changes
}

/// The generation of `after`: another one where what runs is not what `after` asks for.
pub(crate) fn generation(before: &Server, after: &Server) -> u32 {
    let replaces = after.transport != before.transport
        || !touched(before, after).is_empty()
        || after.dialect != before.dialect
        || after.limits != before.limits
        || after.sandbox != before.sandbox
        || before.run.replaces_processes(&after.run);
    before.generation.saturating_add(u32::from(replaces))
}

fn transport(changes: &mut Changes, before: &Transport, after: &Transport) {
    match (before, after) {
        (Transport::Stdio { command: was, cwd: was_in }, Transport::Stdio { command: is, cwd: is_in }) => {
            changes.note(ChangedPart::Command, is != was);
            changes.note(ChangedPart::Cwd, is_in != was_in);
        }
        _ if before.kind() != after.kind() => changes.note(ChangedPart::Transport, true),
        _ => changes.note(ChangedPart::Url, after != before),
    }
}

fn run(changes: &mut Changes, before: &RunSettings, after: &RunSettings) {
    let isolation = || format!("to {}", after.isolation.as_str());
    changes.tell(ChangedPart::Isolation, after.isolation != before.isolation, isolation);
    changes.tell(ChangedPart::AlwaysOn, after.always_on != before.always_on, || format!("to {}", after.always_on));
    changes.note(ChangedPart::IdleStop, after.idle_stop != before.idle_stop);
    changes.note(ChangedPart::ToolTimeouts, after.tool_timeouts != before.tool_timeouts);
    changes.note(ChangedPart::MaxInFlight, after.max_in_flight != before.max_in_flight);
    changes.note(ChangedPart::MaxConnections, after.max_connections != before.max_connections);
    changes.note(ChangedPart::PersonalValues, after.personal != before.personal);
}

/// Slots whose values are not the stored ones any more, and new ones.
fn touched(before: &Server, after: &Server) -> BTreeSet<Slot> {
    let values = |server: &Server| -> BTreeSet<_> {
        server.secrets.iter().map(|Secret { id, slot, .. }| (slot.clone(), *id)).collect()
    };
    values(before).symmetric_difference(&values(after)).map(|(slot, _)| slot.clone()).collect()
}

fn members(server: &Server) -> serde_json::Value {
    serde_json::from_str(&server.extra).unwrap_or_default()
}
