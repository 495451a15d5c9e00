//! Which slots a change of the directory touches.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use orch_domain::directory::{Directory, ProjectFacts};
use orch_domain::id::ServerId;
use orch_domain::quota::Limits;
use orch_domain::server::Server;
use orch_mcp::peer::{Connection, Peer, PeerSink};
use orch_testkit::builders::{a_project, a_server};
use orch_testkit::fakes::{FixedClock, MemoryStore};
use tokio::runtime::Handle;

use super::{Fleet, FleetParts, Starts};
use crate::config::RelayConfig;
use crate::connector::{ConnectFailure, Connector};

struct Nowhere;

#[async_trait]
impl Connector for Nowhere {
    async fn connect(&self, _: &Server, _: Connection, _: Arc<dyn PeerSink>) -> Result<Arc<dyn Peer>, ConnectFailure> {
        Err(ConnectFailure::new("nothing is reached in this test".to_owned()))
    }

    fn remark(&self, _: ServerId, _: String) {}

    fn forget(&self, _: ServerId) {}
}

fn fleet() -> Fleet {
    Fleet::new(FleetParts {
        config: RelayConfig::default(),
        clock: Arc::new(FixedClock::default()),
        connector: Arc::new(Nowhere),
        catalogs: Arc::new(MemoryStore::new()),
        events: Arc::new(()),
        runtime: Handle::current(),
        starts: Starts::AsConfigured,
        seed: 7,
    })
}

/// A project with these servers.
fn facts(slug: &str, aliases: &[&str]) -> ProjectFacts {
    let project = a_project().slug(slug).build();
    let servers = aliases.iter().map(|alias| a_server().in_project(project.id).named(alias).build());
    ProjectFacts {
        servers: servers.map(|server| (server.alias.clone(), Arc::new(server))).collect(),
        project,
        members: HashMap::new(),
        teams: HashMap::new(),
        keys: Vec::new(),
        policy: Arc::default(),
        limits: Limits::default(),
        personal: HashMap::new(),
    }
}

fn ids(facts: &ProjectFacts) -> Vec<ServerId> {
    facts.servers.values().map(|server| server.id).collect()
}

#[tokio::test]
async fn a_change_touches_its_own_project_alone() {
    let fleet = fleet();
    let (one, other) = (facts("one", &["a", "b"]), facts("other", &["a"]));
    let (of_one, of_other) = (ids(&one), ids(&other));
    let directory = Directory::new(HashMap::new(), vec![one.clone(), other.clone()]);
    fleet.reconcile(&directory, &[]);
    let untouched = fleet.slot(of_other[0]).expect("a slot");

    // What nobody but this test does: the slot differs from the directory, so that we see whether it is looked at.
    untouched.reconfigure(&Arc::new(Server { name: "marked".to_owned(), ..Server::clone(&untouched.server()) }));
    let mut less = one.clone();
    less.servers.pop_first();
    fleet.reconcile(&directory.with_project(one.project.id, Some(less)), &[]);
    assert_eq!(untouched.server().name, "marked", "the project is as it was");
    assert!(fleet.slot(of_one[0]).is_none() && fleet.slot(of_one[1]).is_some(), "what is gone has no slot");

    let directory = directory.with_project(other.project.id, Some(other.clone()));
    fleet.reconcile(&directory, &[]);
    assert_ne!(untouched.server().name, "marked", "these are new facts");
    assert!(Arc::ptr_eq(&untouched, &fleet.slot(of_other[0]).expect("it stays")));
    assert!(fleet.slot(of_one[0]).is_some(), "it is there again");

    fleet.reconcile(&directory.with_project(other.project.id, None), &[]);
    assert!(fleet.slot(of_other[0]).is_none() && untouched.is_removed(), "the whole project is gone");
    fleet.shut_down().await;
}

#[tokio::test]
async fn views_of_a_project_are_made_anew_for_its_own_changes_alone() {
    let fleet = fleet();
    let one = facts("one", &["a"]);
    let other = std::iter::repeat_with(|| facts("other", &["a"]))
        .find(|other| one.project.id.as_uuid().as_bytes().last() != other.project.id.as_uuid().as_bytes().last())
        .expect("one in 256 is alike");
    let versions = || [&one, &other].map(|facts| fleet.catalog_version(facts.project.id));
    let directory = Directory::new(HashMap::new(), vec![one.clone(), other.clone()]);
    fleet.reconcile(&directory, &[]);

    let before = versions();
    fleet.reconcile(&directory.with_users(HashMap::new()), &[]);
    assert_eq!(versions(), before, "people are in no catalog");

    fleet.reconcile(&directory.with_project(one.project.id, Some(one.clone())), &[]);
    let after = versions();
    assert_ne!(after[0], before[0], "its servers may be others");
    assert_eq!(after[1], before[1]);

    fleet.reconcile(&directory.with_project(other.project.id, None), &[]);
    assert_ne!(versions()[1], after[1], "it is gone, and so are its views");
    fleet.shut_down().await;
}
