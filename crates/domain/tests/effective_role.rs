//! What somebody is on a project, over random people, teams and grants, against a model that looks at each of them.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test that cannot go on must fail at once")]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use orch_domain::api_key::{ApiKey, KeyHash, KeyPublicId};
use orch_domain::directory::roster::TeamRoster;
use orch_domain::directory::{Directory, ProjectFacts, UserFacts};
use orch_domain::id::{KeyId, LoginId, ProjectId, TeamId, UserId};
use orch_domain::policy::scope::Scope;
use orch_domain::principal::{Credential, Principal};
use orch_domain::project::{Project, Separator};
use orch_domain::quota::{Allowance, Limits};
use orch_domain::role::Role;
use orch_domain::slug::Slug;
use orch_domain::team::{Team, TeamMembership, TeamRole};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::{Strategy, any, proptest};
use proptest::sample::select;
use time::OffsetDateTime;

const USERS: usize = 5;
const TEAMS: usize = 4;
const PROJECTS: usize = 3;

#[derive(Debug, Clone)]
struct World {
    /// Active, and instance admin.
    users: Vec<(bool, bool)>,
    /// User in team.
    joined: BTreeSet<(usize, usize)>,
    /// Project, user.
    direct: BTreeMap<(usize, usize), Role>,
    /// Project, team.
    granted: BTreeMap<(usize, usize), Role>,
}

fn worlds() -> impl Strategy<Value = World> {
    let role = || select(&Role::ALL[..]);
    (
        vec((proptest::bool::weighted(0.8), proptest::bool::weighted(0.2)), USERS),
        btree_set((0..USERS, 0..TEAMS), 0..12),
        btree_map((0..PROJECTS, 0..USERS), role(), 0..8),
        btree_map((0..PROJECTS, 0..TEAMS), role(), 0..8),
    )
        .prop_map(|(users, joined, direct, granted)| World { users, joined, direct, granted })
}

impl World {
    /// Every source of a role, one after the other.
    fn role(&self, user: usize, project: usize) -> Option<Role> {
        let (active, instance_admin) = self.users[user];
        if !active {
            return None;
        }
        let mut highest = instance_admin.then_some(Role::Admin);
        for ((on, who), role) in &self.direct {
            if (*on, *who) == (project, user) && highest.is_none_or(|highest| highest < *role) {
                highest = Some(*role);
            }
        }
        for ((on, team), role) in &self.granted {
            let member = self.joined.iter().any(|(who, joined)| who == &user && joined == team);
            if *on == project && member && highest.is_none_or(|highest| highest < *role) {
                highest = Some(*role);
            }
        }
        highest
    }
}

struct Ids {
    users: Vec<UserId>,
    teams: Vec<TeamId>,
    projects: Vec<ProjectId>,
    /// Of each project, one of each user.
    keys: Vec<Vec<Arc<ApiKey>>>,
}

fn directory(world: &World, ids: &Ids) -> Directory {
    let now = OffsetDateTime::UNIX_EPOCH;
    let slug = |kind: &str, number: usize| Slug::parse(&format!("{kind}-{number}")).expect("a slug");
    let users = world.users.iter().zip(&ids.users);
    let users = users.map(|((active, admin), id)| (*id, UserFacts { active: *active, instance_admin: *admin }));
    let teams = ids.teams.iter().enumerate().map(|(number, id)| Team {
        id: *id,
        slug: slug("team", number),
        name: String::new(),
        created_at: now,
        updated_at: now,
        version: 1,
    });
    let joined = world.joined.iter().map(|(user, team)| TeamMembership {
        team_id: ids.teams[*team],
        user_id: ids.users[*user],
        role: TeamRole::Member,
        created_at: now,
    });
    let projects = ids.projects.iter().enumerate().map(|(number, id)| {
        let direct = world.direct.iter().filter(|((project, _), _)| *project == number);
        let granted = world.granted.iter().filter(|((project, _), _)| *project == number);
        ProjectFacts {
            project: Project {
                id: *id,
                slug: slug("project", number),
                name: String::new(),
                separator: Separator::default(),
                flawed_tools: orch_domain::project::FlawedTools::default(),
                recorded_arguments: orch_domain::arguments::RecordedArguments::default(),
                created_at: now,
                updated_at: now,
                version: 1,
            },
            members: direct.map(|((_, user), role)| (ids.users[*user], *role)).collect(),
            teams: granted.map(|((_, team), role)| (ids.teams[*team], *role)).collect(),
            servers: BTreeMap::new(),
            personal: std::collections::HashMap::new(),
            keys: ids.keys[number].clone(),
            policy: Arc::default(),
            limits: Limits::default(),
        }
    });
    let roster = TeamRoster::new(teams, joined);
    Directory::new(users.collect::<HashMap<_, _>>(), projects.collect()).with_teams(roster)
}

fn ids() -> Ids {
    let users: Vec<_> = (0..USERS).map(|_| UserId::new()).collect();
    let projects: Vec<_> = (0..PROJECTS).map(|_| ProjectId::new()).collect();
    let keys = projects.iter().enumerate().map(|(project, project_id)| {
        let of_user =
            |(user, creator): (usize, &UserId)| Arc::new(a_key(*project_id, *creator, project * USERS + user));
        users.iter().enumerate().map(of_user).collect()
    });
    Ids { keys: keys.collect(), teams: (0..TEAMS).map(|_| TeamId::new()).collect(), users, projects }
}

fn a_key(project_id: ProjectId, creator: UserId, number: usize) -> ApiKey {
    ApiKey {
        id: KeyId::new(),
        project_id,
        creator,
        name: String::new(),
        public_id: KeyPublicId::parse(&format!("{number:012}")).expect("a public id"),
        hash: KeyHash::from_bytes([0; 32]),
        scope: Scope::default(),
        allowance: Allowance::default(),
        expires_at: None,
        revoked_at: None,
        last_used_at: None,
        last_used_from: None,
        last_used_by: None,
        created_at: OffsetDateTime::UNIX_EPOCH,
    }
}

proptest! {
    #[test]
    fn is_the_highest_of_all_that_was_given(world in worlds(), other in any::<bool>()) {
        let ids = ids();
        let directory = directory(&world, &ids);
        for (user, user_id) in ids.users.iter().enumerate() {
            for (project, project_id) in ids.projects.iter().enumerate() {
                let facts = directory.project(*project_id).expect("a project");
                let login = Principal { user_id: *user_id, credential: Credential::Login { login_id: LoginId::new() } };
                let expected = world.role(user, project);
                assert_eq!(directory.subject(&login, facts).role, expected, "user {user} on project {project}");
                // A key has its creator's role, on its own project alone.
                let of = if other { ids.projects[(project + 1) % PROJECTS] } else { *project_id };
                let key_id = ids.keys[project][user].id;
                let credential = Credential::Key { key_id, project_id: of };
                let key = Principal { user_id: *user_id, credential };
                let expected = expected.filter(|_| !other);
                assert_eq!(directory.subject(&key, facts).role, expected, "key of user {user} on project {project}");
            }
        }
    }

    #[test]
    fn follows_teams_that_change(before in worlds(), after in worlds()) {
        // The people and projects of one world with the teams of another: as a directory that is told of teams alone.
        let ids = ids();
        let mixed = World { joined: after.joined.clone(), ..before.clone() };
        let told = directory(&before, &ids).with_teams(directory(&after, &ids).teams().clone());
        for (user, user_id) in ids.users.iter().enumerate() {
            let teams: Vec<_> = (0..TEAMS).filter(|team| after.joined.contains(&(user, *team))).collect();
            let teams: Vec<_> = teams.into_iter().map(|team| ids.teams[team]).collect();
            assert_eq!(told.teams_of(*user_id).as_ref(), teams);
            for (project, project_id) in ids.projects.iter().enumerate() {
                let facts = told.project(*project_id).expect("a project");
                let login = Principal { user_id: *user_id, credential: Credential::Login { login_id: LoginId::new() } };
                assert_eq!(told.subject(&login, facts).role, mixed.role(user, project));
            }
        }
    }
}
