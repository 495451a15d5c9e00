//! The audit trail: what its entries say by name, and how it is searched.

use std::time::Duration;

use orch_control::activity::{ActivityFilter, What};
use orch_control::audit::TrailFilter;
use orch_control::error::ControlError;
use orch_control::keys::NewKey;
use orch_control::policies::draft::{EffectDraft, RuleDraft, WhoDraft};
use orch_control::servers::ServerPatch;
use orch_control::servers::run_patch::RunPatch;
use orch_control::servers::transport_patch::TransportPatch;
use orch_domain::activity::{Happening, Place};
use orch_domain::approval::{Approval, ApprovalState};
use orch_domain::audit::AuditRecord;
use orch_domain::call::CallKind;
use orch_domain::dialect::Interactive;
use orch_domain::id::{ApprovalId, ProjectId, UserId};
use orch_domain::page::PageRequest;
use orch_domain::policy::item::ItemClass;
use orch_domain::port::user_repo::UserRepo;
use orch_domain::role::Role;
use orch_domain::run_settings::Isolation;
use orch_testkit::fakes::FixedClock;

use crate::world::{World, is_forbidden, login};

fn facts(record: &AuditRecord) -> Vec<String> {
    record.facts.iter().map(|(name, value)| format!("{name}={value}")).collect()
}

async fn address(world: &World, user: UserId) -> String {
    UserRepo::find(&world.store, user).await.unwrap().unwrap().email.to_string()
}

#[tokio::test]
async fn entries_say_what_things_were_called_when_they_are_gone() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let member = world.member(&project, Role::Member).await;
    let (slug, control) = (project.slug.as_str(), &world.control);
    let server = world.server(&admin, &project, "github").await.server;
    world.catch_up().await;
    let rule = RuleDraft {
        id: None,
        name: "Ask first".into(),
        enabled: true,
        who: WhoDraft::Anybody,
        server: Some("github".into()),
        class: Some(ItemClass::Tool),
        item: Some("delete_*".into()),
        hints: Vec::new(),
        effect: EffectDraft::RequireApproval { caller_may_confirm: false, within: None },
    };
    let unnamed = RuleDraft { name: String::new(), who: WhoDraft::User(member.user_id.to_string()), ..rule.clone() };
    let (_, rule_id) = control.policies.add(&admin, slug, &rule, None).await.unwrap();
    control.policies.add(&admin, slug, &unnamed, None).await.unwrap();
    let key =
        control.keys.create(&member, slug, NewKey { name: "agent".into(), ..NewKey::default() }).await.unwrap().key;
    world.catch_up().await;
    let waiting = Approval {
        id: ApprovalId::new(),
        project_id: project.id,
        user_id: member.user_id,
        key_id: Some(key.id),
        client: "tester 1".into(),
        server_id: server.id,
        server: "github".into(),
        kind: CallKind::Tool,
        target: "delete_repo".to_owned(),
        arguments: Some(r#"{"name":"secret-argument"}"#.to_owned()),
        rule_id,
        asked_at: FixedClock::START,
        expires_at: FixedClock::START + Duration::from_secs(60),
        caller_may_confirm: false,
        state: ApprovalState::Pending,
        decided_at: None,
        decided_by: None,
    };
    let asked = control.approvals.entry(&waiting).unwrap();
    let asked: Vec<_> = asked.facts.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let says = "Ask first: require_approval tool delete_* of github";
    let about = [
        format!("project={slug}"),
        "kind=tool".into(),
        "server=github".into(),
        "key=agent".into(),
        format!("rule={says}"),
        format!("rule_id={rule_id}"),
    ];
    assert_eq!(asked, about);
    control.keys.revoke(&admin, slug, &key.id.to_string(), None).await.unwrap();
    control.policies.remove(&admin, slug, &rule_id.to_string()).await.unwrap();
    control.servers.delete(&admin, slug, "github", None).await.unwrap();
    control.members.remove(&admin, slug, &member.user_id.to_string(), None).await.unwrap();
    control.projects.delete(&admin, slug, None).await.unwrap();
    world.catch_up().await;

    let of = address(&world, member.user_id).await;
    let trail: Vec<_> = world.audit_records().await.into_iter().rev().collect();
    let told = |action: &str| -> Vec<(String, Vec<String>)> {
        let those = trail.iter().filter(|record| record.action == action);
        those.map(|record| (record.target_name.clone(), facts(record))).collect()
    };
    let one = |name: &str, facts: &[String]| vec![(name.to_owned(), facts.to_vec())];
    let here = || format!("project={slug}");
    assert_eq!(told("server.create"), one("github", &[here(), "transport=stdio".into()]));
    assert_eq!(told("server.delete"), one("github", &[here()]));
    let added = told("policy.add");
    assert_eq!(added[0], (slug.to_owned(), vec![format!("added={says}")]));
    assert_eq!(added[1].1, [format!("added=require_approval tool delete_* of github for {of}")]);
    assert_eq!(told("policy.remove"), one(slug, &[format!("removed={says}")]));
    let public_id = format!("public_id=orch_{}", key.public_id);
    assert_eq!(told("key.create"), one("agent", &[here(), public_id.clone()]));
    assert_eq!(told("key.revoke"), one("agent", &[here(), public_id, format!("user={of}")]));
    assert_eq!(told("member.delete"), one(&of, &[here(), "before=member".into()]));
    assert_eq!(told("project.delete"), one(slug, &[]));
    let everything = format!("{trail:?} {asked:?}");
    for secret in ["secret-arg", "secret-token", "orch_plain"] {
        assert!(!everything.contains(secret), "{secret}");
    }

    // The trail of a project that is gone is found by its id.
    let root = login(world.user(|user| user.instance_admin()).await.id);
    let (gone, page) = (project.id.to_string(), PageRequest::new(200, None));
    let found = control.audit.list_all(&root, Some(&gone), TrailFilter::default(), page).await.unwrap().items;
    assert!(found.iter().any(|record| record.action == "project.delete"));
    assert!(found.iter().all(|record| record.project_id == Some(project.id)));
}

#[tokio::test]
async fn an_update_of_a_server_names_what_it_changed() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let (slug, servers) = (project.slug.as_str(), &world.control.servers);
    world.server(&admin, &project, "github").await;
    let update = async |server: &str, patch: ServerPatch| {
        let seen = servers.update(&admin, slug, server, patch, None).await.unwrap().server;
        let entry = world.audit_records().await.remove(0);
        let facts = facts(&entry).into_iter().filter(|fact| !fact.starts_with("project=")).collect::<Vec<_>>();
        (seen.generation, entry.action, entry.detail, facts)
    };
    let said = |generation: u32, action: &str, detail: &str, facts: &[&str]| {
        let facts = facts.iter().map(|fact| (*fact).to_owned()).collect::<Vec<_>>();
        (generation, action.to_owned(), detail.to_owned(), facts)
    };
    let run = RunPatch { always_on: Some(true), max_in_flight: Some(Some(3)), ..RunPatch::default() };
    let renamed = ServerPatch { alias: Some("git".into()), enabled: Some(false), run, ..ServerPatch::default() };
    let facts = ["changed=alias", "changed=always_on", "changed=max_in_flight", "changed=disabled", "before=github"];
    let detail = "alias from github, always on to true, max in flight, disabled";
    assert_eq!(update("github", renamed.clone()).await, said(1, "server.update", detail, &facts));
    let before = world.audit_records().await.len();
    servers.update(&admin, slug, "git", ServerPatch { alias: None, ..renamed }, None).await.unwrap();
    assert_eq!(world.audit_records().await.len(), before, "nothing changed");

    let env = vec![("TOKEN".into(), Some("other".into())), ("NEVER".into(), None)];
    let launch = TransportPatch {
        command: Some("uvx".into()),
        args: Some(vec![None, None]),
        env: Some(env),
        cwd: Some(Some("/srv".into())),
        ..TransportPatch::default()
    };
    let patch =
        ServerPatch { transport: Some(launch), interactive: Some(Interactive::Never), ..ServerPatch::default() };
    let facts = ["changed=interactive", "changed=command", "changed=cwd", "changed=env TOKEN"];
    let detail = "interactive to never, command, cwd, env TOKEN";
    assert_eq!(update("git", patch).await, said(2, "server.update", detail, &facts));
    let run = RunPatch { isolation: Some(Isolation::PerPrincipal), ..RunPatch::default() };
    let patch = ServerPatch { run, ..ServerPatch::default() };
    let detail = "isolation to per_principal";
    assert_eq!(update("git", patch).await, said(3, "server.update", detail, &["changed=isolation"]));
    let patch = ServerPatch { enabled: Some(true), ..ServerPatch::default() };
    assert_eq!(update("git", patch).await, said(3, "server.enable", "enabled", &["changed=enabled"]));
}

#[tokio::test]
async fn the_trails_of_the_instance_and_of_a_project_are_searched_alike() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let (other, other_admin) = world.project().await;
    let (slug, audit) = (project.slug.as_str(), &world.control.audit);
    let root = login(world.user(|user| user.instance_admin()).await.id);
    world.server(&admin, &project, "github").await;
    world.server(&other_admin, &other, "github").await;
    world.clock.advance(Duration::from_secs(60));
    world.control.servers.disable(&admin, slug, "github").await.unwrap();
    let page = || PageRequest::new(200, None);
    let words = |records: Vec<AuditRecord>| {
        let is_setup = |record: &AuditRecord| record.action == "secrets.adopt";
        let words = records.into_iter().filter(|record| !is_setup(record)).map(|record| record.action);
        words.collect::<Vec<_>>()
    };
    let by = address(&world, admin.user_id).await;
    let all = TrailFilter::default();
    let search = |text: &str| TrailFilter { search: Some(text.to_owned()), ..TrailFilter::default() };
    let later = FixedClock::START + Duration::from_secs(60);
    let questions = [
        (all.clone(), vec!["server.disable", "server.create"]),
        (search("GITHUB"), vec!["server.disable", "server.create"]),
        (search(&by.to_uppercase()), vec!["server.disable", "server.create"]),
        (search("stdio"), vec!["server.create"]),
        (search("nowhere"), vec![]),
        (TrailFilter { user: Some(other_admin.user_id), ..all.clone() }, vec![]),
        (TrailFilter { action: Some("server.create".into()), ..all.clone() }, vec!["server.create"]),
        (TrailFilter { action: Some("key".into()), ..all.clone() }, vec![]),
        (TrailFilter { from: Some(later), ..all.clone() }, vec!["server.disable"]),
        (TrailFilter { until: Some(later), ..all.clone() }, vec!["server.create"]),
    ];
    for (filter, expected) in questions {
        let own = audit.list(&admin, slug, filter.clone(), page()).await.unwrap().items;
        assert_eq!(words(own), expected, "{filter:?}");
        for named in [slug, &project.id.to_string()] {
            let found = audit.list_all(&root, Some(named), filter.clone(), page()).await.unwrap().items;
            assert_eq!(words(found), expected, "{filter:?}");
        }
    }
    let everywhere = audit.list_all(&root, None, search("github"), page()).await.unwrap().items;
    assert_eq!(words(everywhere), ["server.disable", "server.create", "server.create"]);
    // What is wrong is wrong in both.
    let now = Some(FixedClock::START);
    let wrong = [search(&"x".repeat(201)), TrailFilter { from: now, until: now, ..TrailFilter::default() }];
    for filter in wrong {
        let own = audit.list(&admin, slug, filter.clone(), page()).await;
        let all = audit.list_all(&root, None, filter, page()).await;
        assert!(matches!((&own, &all), (Err(ControlError::Invalid { .. }), Err(ControlError::Invalid { .. }))));
    }
    let unknown = audit.list_all(&root, Some("no-such-project"), all.clone(), page()).await.unwrap_err();
    assert!(unknown.to_string().contains("there is no such project"), "{unknown}");
    let never = ProjectId::new().to_string();
    assert!(audit.list_all(&root, Some(&never), all.clone(), page()).await.unwrap().items.is_empty());
    assert!(is_forbidden(&audit.list_all(&admin, Some(slug), all, page()).await), "only who may look at all of it");
}

#[tokio::test]
async fn only_who_inspects_is_told_the_address_of_who_did_it() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let member = world.member(&project, Role::Member).await;
    let slug = project.slug.as_str();
    world.server(&admin, &project, "github").await;
    let by = address(&world, admin.user_id).await;
    let filter = |search: Option<&str>| ActivityFilter {
        what: What::Changes,
        action: Some("server".into()),
        search: search.map(str::to_owned),
        ..ActivityFilter::default()
    };
    let told = async |who, search: Option<&str>| {
        let found = world.control.activity.list(who, slug, filter(search), Place::NEWEST, 10).await.unwrap();
        let email = |item| match item {
            Happening::Change(record) => record.user_email,
            Happening::Call(_) => None,
        };
        found.items.into_iter().map(email).collect::<Vec<_>>()
    };
    assert_eq!(told(&admin, None).await, [Some(by.clone())]);
    assert_eq!(told(&admin, Some(&by)).await, [Some(by.clone())]);
    assert_eq!(told(&member, None).await, [None]);
    assert_eq!(told(&member, Some(&by)).await, [], "nor by searching for it");
}
