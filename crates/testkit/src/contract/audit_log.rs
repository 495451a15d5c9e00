//! The contract of [`AuditLog`](orch_domain::port::audit_log::AuditLog).

use orch_domain::activity::EntryFilter;
use orch_domain::audit::{AuditAction, AuditRecord, FactName};
use orch_domain::id::{KeyId, LoginId, ProjectId, UserId};
use orch_domain::page::PageRequest;
use orch_domain::principal::{Credential, Principal};
use uuid::Uuid;

use super::TestStore;
use crate::builders::an_audit_entry;

pub async fn audit_log(store: &dyn TestStore) {
    gives_back_what_was_appended(store).await;
    lists_the_newest_first(store).await;
}

async fn gives_back_what_was_appended(store: &dyn TestStore) {
    let (project_id, user_id, key_id) = (ProjectId::new(), UserId::new(), KeyId::new());
    let login = Credential::Login { login_id: LoginId::new() };
    let (nobody, filter) = (UserId::from_uuid(Uuid::nil()), EntryFilter::default());
    let actors = [
        (None, "system", None, None),
        (Some(Principal { user_id, credential: login }), "login", Some(user_id), None),
        (
            Some(Principal { user_id, credential: Credential::Key { key_id, project_id } }),
            "key",
            Some(user_id),
            Some(key_id),
        ),
        (Some(Principal { user_id, credential: Credential::Console }), "console", Some(user_id), None),
        (Some(Principal { user_id: nobody, credential: Credential::Console }), "console", None, None),
    ];
    for (actor, via, user_id, key_id) in actors {
        // Of a project and a user that do not exist: the trail outlives them.
        let entry = an_audit_entry().in_project(project_id).action(AuditAction::ServerUpdate).detail("renamed ✓");
        let mut entry = entry.with(FactName::Changed, "name").with(FactName::Changed, "\"é\"\n").build();
        entry.actor = actor;
        store.audit().append(&entry).await.expect("an entry can be appended");
        let page = PageRequest::new(1, None);
        let newest = store.audit().list(Some(project_id), &filter, page).await.expect("a list").items;
        let expected = AuditRecord {
            id: entry.id,
            at: entry.at,
            project_id: Some(project_id),
            user_id,
            user_email: None,
            key_id,
            via: via.to_owned(),
            action: "server.update".to_owned(),
            target_kind: "project".to_owned(),
            target_id: "1".to_owned(),
            target_name: "Test".to_owned(),
            detail: "renamed ✓".to_owned(),
            facts: [("changed", "name"), ("changed", "\"é\"\n")]
                .map(|(name, value)| (name.into(), value.into()))
                .into(),
        };
        assert_eq!(newest, [expected]);
    }
}

async fn lists_the_newest_first(store: &dyn TestStore) {
    let (audit, filter) = (store.audit(), EntryFilter::default());
    let project = ProjectId::new();
    let mut ids = Vec::new();
    for number in 0..7 {
        let entry = match number % 3 {
            0 => an_audit_entry().build(),
            _ => an_audit_entry().in_project(project).build(),
        };
        audit.append(&entry).await.expect("an entry can be appended");
        ids.insert(0, (entry.id, entry.project_id));
    }
    let of_project: Vec<_> = ids.iter().filter(|(_, of)| of.is_some()).map(|(id, _)| *id).collect();
    let first = audit.list(Some(project), &filter, PageRequest::new(3, None)).await.expect("a list");
    audit.append(&an_audit_entry().in_project(project).build()).await.expect("an entry can be appended");
    let second = audit.list(Some(project), &filter, PageRequest::new(3, first.next)).await.expect("a list");
    let listed: Vec<_> = [first.items, second.items].concat().iter().map(|record| record.id).collect();
    assert_eq!(listed, of_project, "a newer entry does not move what comes next");
    assert_eq!(second.next, None);

    let all = audit.list(None, &filter, PageRequest::new(8, None)).await.expect("a list").items;
    let listed: Vec<_> = all.iter().skip(1).map(|record| record.id).collect();
    assert_eq!(listed, ids.iter().map(|(id, _)| *id).collect::<Vec<_>>(), "the instance's and all projects'");
}
