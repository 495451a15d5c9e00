//! What is counted of whom outlives a change of the directory.

use std::collections::HashMap;
use std::sync::Arc;

use orch_domain::directory::{Directory, ProjectFacts};
use orch_domain::id::UserId;
use orch_domain::policy::Subject;
use orch_domain::quota::Limits;
use orch_domain::role::Role;
use orch_testkit::builders::{a_project, a_server};
use orch_testkit::fakes::FixedClock;

use super::{Limiter, Whose};

#[test]
fn a_server_is_counted_as_long_as_any_project_has_it() {
    let facts = |slug: &str| {
        let project = a_project().slug(slug).build();
        let server = a_server().in_project(project.id).named("a").build();
        ProjectFacts {
            servers: [(server.alias.clone(), Arc::new(server))].into(),
            project,
            members: HashMap::new(),
            teams: HashMap::new(),
            keys: Vec::new(),
            policy: Arc::default(),
            limits: Limits { server_concurrent: Some(1), ..Limits::default() },
            personal: HashMap::new(),
        }
    };
    let projects = [facts("one"), facts("other")];
    let limiter = Limiter::new(Arc::new(FixedClock::default()));
    let subject = Subject::of(UserId::new(), Some(Role::Member));
    let call = |project: &ProjectFacts| {
        let server = project.servers.values().next().expect("a server").id;
        limiter.call(&subject, project, server)
    };
    let running: Vec<_> = projects.iter().map(|project| call(project).expect("the first")).collect();

    let directory = Directory::new(HashMap::new(), projects.to_vec());
    limiter.follow(&directory);
    for project in &projects {
        assert_eq!(call(project).expect_err("one runs").whose, Whose::Server);
    }
    let [one, other] = &projects;
    limiter.follow(&directory.with_project(one.project.id, None));
    call(other).expect_err("one runs");
    call(one).expect("it is forgotten with its project");
    drop(running);
}
