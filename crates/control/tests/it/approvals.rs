//! Calls that wait for somebody: who sees which.

use orch_control::policies::draft::{EffectDraft, RuleDraft, WhoDraft};
use orch_domain::approval::{Approval, ApprovalState};
use orch_domain::call::CallKind;
use orch_domain::id::{ApprovalId, RuleId, ServerId};
use orch_domain::policy::scope::Scope;
use orch_domain::principal::Principal;
use orch_domain::project::Project;
use orch_domain::role::Role;
use orch_testkit::fakes::FixedClock;

use crate::world::{World, is_missing};

/// A call that waits, of `who` at a server.
fn waits(world: &World, project: &Project, who: &Principal, server: ServerId) -> ApprovalId {
    let id = ApprovalId::new();
    world.waiting.0.lock().unwrap().push(Approval {
        id,
        project_id: project.id,
        user_id: who.user_id,
        key_id: who.key_id(),
        client: "tester 1".into(),
        server_id: server,
        server: "fs".into(),
        kind: CallKind::Tool,
        target: "write".to_owned(),
        arguments: Some("{}".to_owned()),
        rule_id: RuleId::new(),
        asked_at: FixedClock::START,
        expires_at: FixedClock::START + std::time::Duration::from_secs(60),
        caller_may_confirm: false,
        state: ApprovalState::Pending,
        decided_at: None,
        decided_by: None,
    });
    id
}

/// Exactly these, in the list and each by itself.
async fn sees(world: &World, who: &Principal, project: &Project, expected: &[ApprovalId]) {
    let (approvals, slug) = (&world.control.approvals, project.slug.as_str());
    let listed: Vec<_> =
        approvals.list(who, slug, None).await.unwrap().into_iter().map(|approval| approval.id).collect();
    assert_eq!(listed, expected);
    let all: Vec<_> = world.waiting.0.lock().unwrap().iter().map(|approval| approval.id).collect();
    for id in all {
        let found = approvals.get(who, slug, &id.to_string()).await;
        if expected.contains(&id) { assert!(found.is_ok()) } else { assert!(is_missing(&found)) }
    }
}

#[tokio::test]
async fn a_narrow_key_sees_those_of_its_own_calls_alone() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let fs = world.server(&admin, &project, "fs").await.server.id;
    let git = world.server(&admin, &project, "git").await.server.id;
    world.catch_up().await;
    let member = world.member(&project, Role::Member).await;
    let to_fs = || Scope { servers: Some(vec![fs]), ..Scope::default() };
    let (narrow, other) =
        (world.key_with(&member, &project, to_fs()).await, world.key_with(&member, &project, to_fs()).await);
    let read_only = world.key_with(&member, &project, Scope { read_only: true, ..Scope::default() }).await;
    let full = world.key_of(&member, &project).await;

    let by_login = waits(&world, &project, &member, fs);
    let by_key = waits(&world, &project, &narrow, fs);
    let by_other = waits(&world, &project, &other, fs);
    // Made while the key still reached the server.
    let out_of_reach = waits(&world, &project, &narrow, git);
    let of_admin = waits(&world, &project, &admin, fs);

    sees(&world, &narrow, &project, &[by_key]).await;
    sees(&world, &other, &project, &[by_other]).await;
    sees(&world, &read_only, &project, &[]).await;
    let own = [by_login, by_key, by_other, out_of_reach];
    sees(&world, &full, &project, &own).await;
    sees(&world, &member, &project, &own).await;
    sees(&world, &admin, &project, &[by_login, by_key, by_other, out_of_reach, of_admin]).await;
}

#[tokio::test]
async fn nobody_but_admins_sees_those_of_a_server_that_is_hidden() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let fs = world.server(&admin, &project, "fs").await.server.id;
    let git = world.server(&admin, &project, "git").await.server.id;
    let member = world.member(&project, Role::Member).await;
    let (hidden, open) = (waits(&world, &project, &member, fs), waits(&world, &project, &member, git));
    let rule = RuleDraft {
        id: None,
        name: String::new(),
        enabled: true,
        who: WhoDraft::Role(Role::Member),
        server: Some("fs".to_owned()),
        class: None,
        item: None,
        hints: Vec::new(),
        effect: EffectDraft::Deny,
    };
    world.control.policies.put(&admin, project.slug.as_str(), &[rule], None).await.unwrap();
    world.catch_up().await;
    sees(&world, &member, &project, &[open]).await;
    sees(&world, &admin, &project, &[hidden, open]).await;
}
