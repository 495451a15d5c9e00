//! A rule as the audit trail names it: what it is called and what it says, with the names that things have at that time.

use orch_domain::directory::Directory;
use orch_domain::directory::ProjectFacts;
use orch_domain::policy::rule::{Rule, ServerMatch, Who};

/// `name: what it says`, or what it says alone. `user` is what the account is called that the rule is about, if it is
/// about one.
pub(crate) fn label(directory: &Directory, facts: &ProjectFacts, rule: &Rule, user: Option<&str>) -> String {
    let says = says(directory, facts, rule, user);
    if rule.name.is_empty() { says } else { format!("{}: {says}", rule.name) }
}

fn says(directory: &Directory, facts: &ProjectFacts, rule: &Rule, user: Option<&str>) -> String {
    let what = &rule.what;
    let class = what.class.map_or("everything", |class| class.as_str());
    let name = what.name.as_ref().map(|name| name.as_str().to_owned());
    let server = match &what.server {
        ServerMatch::Any => None,
        ServerMatch::One(id) => Some(
            facts.server(*id).map_or_else(|| "a server that is gone".to_owned(), |server| server.alias.to_string()),
        ),
        ServerMatch::Named(pattern) => Some(pattern.as_str().to_owned()),
    };
    let mut text = format!("{} {class}", rule.effect.as_str());
    for (before, part) in [(" ", name), (" of ", server)] {
        if let Some(part) = part {
            text.push_str(before);
            text.push_str(&part);
        }
    }
    for (hint, value) in &what.hints {
        text.push_str(&format!(" {}={value}", hint.as_str()));
    }
    let whom = match &rule.who {
        Who::Anybody => None,
        Who::Role(role) => Some(format!("role {role}")),
        Who::Team(id) => {
            let slug =
                directory.teams().team(*id).map_or_else(|| "that is gone".to_owned(), |team| team.slug.to_string());
            Some(format!("team {slug}"))
        }
        Who::User(_) => Some(user.unwrap_or("one account").to_owned()),
        Who::Key(id) => {
            let key = facts.keys.iter().find(|key| key.id == *id);
            Some(format!("key {}", key.map_or("that is gone", |key| key.name.as_str())))
        }
        Who::Client(pattern) => Some(format!("client {}", pattern.as_str())),
    };
    if let Some(whom) = whom {
        text.push_str(" for ");
        text.push_str(&whom);
    }
    if !rule.enabled {
        text.push_str(", disabled");
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Arc;

    use orch_domain::directory::{Directory, ProjectFacts};
    use orch_domain::id::{RuleId, ServerId, UserId};
    use orch_domain::policy::item::ItemClass;
    use orch_domain::policy::pattern::Pattern;
    use orch_domain::policy::rule::{Effect, Rule, ServerMatch, What, Who};
    use orch_domain::role::Role;
    use orch_testkit::builders::{a_project, a_server};

    use super::label;

    #[test]
    fn says_what_a_rule_is_called_and_what_it_says() {
        let project = a_project().build();
        let server = a_server().in_project(project.id).build();
        let (id, alias) = (server.id, server.alias.to_string());
        let facts = ProjectFacts {
            project,
            members: HashMap::new(),
            teams: HashMap::new(),
            servers: [(server.alias.clone(), Arc::new(server))].into(),
            keys: Vec::new(),
            policy: Arc::default(),
            limits: orch_domain::quota::Limits::default(),
            personal: HashMap::new(),
        };
        let directory = Directory::new(HashMap::new(), Vec::new());
        let rule = Rule {
            id: RuleId::new(),
            name: String::new(),
            enabled: true,
            is_switch: false,
            who: Who::Anybody,
            what: What::default(),
            effect: Effect::Deny,
        };
        let tools = What {
            server: ServerMatch::One(id),
            class: Some(ItemClass::Tool),
            name: Pattern::parse("delete_*").ok(),
            hints: Vec::new(),
        };
        let gone = What { server: ServerMatch::One(ServerId::new()), ..What::default() };
        for (rule, expected) in [
            (rule.clone(), "deny everything".to_owned()),
            (Rule { what: tools.clone(), ..rule.clone() }, format!("deny tool delete_* of {alias}")),
            (
                Rule { what: What { name: Pattern::parse(r"delete_\*").ok(), ..tools.clone() }, ..rule.clone() },
                format!(r"deny tool delete_\* of {alias}"),
            ),
            (
                Rule { name: "No deletes".into(), what: tools, ..rule.clone() },
                format!("No deletes: deny tool delete_* of {alias}"),
            ),
            (Rule { what: gone, ..rule.clone() }, "deny everything of a server that is gone".to_owned()),
            (Rule { who: Who::Role(Role::Viewer), ..rule.clone() }, "deny everything for role viewer".to_owned()),
            (
                Rule { who: Who::User(UserId::new()), enabled: false, ..rule },
                "deny everything for ada@example.com, disabled".to_owned(),
            ),
        ] {
            assert_eq!(label(&directory, &facts, &rule, Some("ada@example.com")), expected);
        }
    }
}
