//! Which server a name in a file means: one that exists, or a new one under an alias made of the name.

use std::collections::{HashMap, HashSet};

use orch_domain::alias::Alias;
use orch_domain::id::ServerId;
use orch_domain::server::Server;

use crate::mcp_config::{ConfigFile, render};
use crate::problem::Problem;

pub(super) enum Target<'a> {
    Existing(&'a Server),
    New(Alias),
}

/// Whether a server is meant by a name in the file.
type Rule<'a> = dyn Fn(&Server, &str) -> bool + 'a;

/// One target for each server of the file, none of them twice.
///
/// The name that an export would use decides first, then the name of the server, then its alias: so an export, and
/// the file that was imported once, both find the same servers again.
pub(super) fn assign<'a>(file: &ConfigFile<'_>, existing: &'a [Server], notes: &mut Vec<Problem>) -> Vec<Target<'a>> {
    let mut found: Vec<Option<&'a Server>> = vec![None; file.servers.len()];
    let mut claimed: HashSet<ServerId> = HashSet::new();
    let exported: HashMap<ServerId, String> =
        existing.iter().map(|server| (server.id, render::key(server, existing))).collect();
    let is_exported_as = |server: &Server, key: &str| exported.get(&server.id).is_some_and(|name| name == key);
    let is_named = |server: &Server, key: &str| server.name == key;
    let has_alias = |server: &Server, key: &str| Alias::derive(key).is_some_and(|alias| alias == server.alias);
    let rules: [&Rule<'_>; 3] = [&is_exported_as, &is_named, &has_alias];
    for rule in rules {
        for (entry, found) in file.servers.iter().zip(&mut found) {
            if found.is_some() {
                continue;
            }
            let server = existing.iter().find(|server| !claimed.contains(&server.id) && rule(server, &entry.key));
            if let Some(server) = server {
                claimed.insert(server.id);
                *found = Some(server);
            }
        }
    }
    let mut taken: HashSet<Alias> = existing.iter().map(|server| server.alias.clone()).collect();
    let mut targets = Vec::with_capacity(found.len());
    for (entry, found) in file.servers.iter().zip(found) {
        if let Some(server) = found {
            targets.push(Target::Existing(server));
            continue;
        }
        let wanted = Alias::derive(&entry.key);
        let alias = first_free(wanted.as_ref().map_or("server", Alias::as_str), &taken);
        if let Some(alias) = alias {
            if wanted.as_ref() != Some(&alias) {
                let note = match wanted {
                    Some(wanted) => format!("the alias {wanted} is taken; it is called {alias}"),
                    None => format!("no alias can be made of this name; it is called {alias}"),
                };
                let at = file.source.position(entry.offset);
                notes.push(Problem::new(entry.path.clone(), note, "rename it later if you like").at(at));
            }
            taken.insert(alias.clone());
            targets.push(Target::New(alias));
        }
    }
    targets
}

/// The alias itself, or with -2, -3 and so on. There is always one: far fewer servers than numbers.
fn first_free(base: &str, taken: &HashSet<Alias>) -> Option<Alias> {
    (1..=taken.len() + 2).find_map(|number| {
        let suffix = if number == 1 { String::new() } else { format!("-{number}") };
        let room = Alias::MAX_LEN.saturating_sub(suffix.len());
        let stem = base.get(..room.min(base.len())).unwrap_or(base).trim_end_matches('-');
        Alias::parse(&format!("{stem}{suffix}")).ok().filter(|alias| !taken.contains(alias))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use orch_domain::alias::Alias;

    use super::first_free;

    #[test]
    fn numbers_what_is_taken() {
        let mut taken = HashSet::new();
        let names: Vec<_> = (0..3)
            .map(|_| {
                let alias = first_free("abcdefghijklmnopqrstuvwx", &taken).unwrap();
                taken.insert(alias.clone());
                alias.to_string()
            })
            .collect();
        assert_eq!(names, ["abcdefghijklmnopqrstuvwx", "abcdefghijklmnopqrstuv-2", "abcdefghijklmnopqrstuv-3"]);
        assert_eq!(first_free("a", &HashSet::new()), Alias::parse("a").ok());
    }
}
