//! The contract of [`InvitationRepo`](orch_domain::port::invitation_repo::InvitationRepo).

use std::time::Duration;

use orch_domain::change::Change;
use orch_domain::error::StoreError;
use orch_domain::id::{InvitationId, ProjectId, TeamId};
use orch_domain::invitation::{Invitation, InvitationState, InvitationTarget, MailState};
use orch_domain::page::PageRequest;
use orch_domain::port::invitation_repo::{Accepting, InvitationFilter};
use orch_domain::role::Role;
use orch_domain::team::TeamRole;
use orch_domain::user::User;

use super::{ROUNDS, TestStore, a_stored_project, a_stored_user, an_entry, at, is_on_record};
use crate::builders::{a_hash, a_team, a_user, an_invitation};

pub async fn invitation_repo(store: &dyn TestStore) {
    stores_and_finds(store).await;
    lists_by_place_address_and_state(store).await;
    keeps_only_the_latest_link(store).await;
    adds_who_accepts(store).await;
    makes_an_account_for_who_has_none(store).await;
    never_lowers_a_role(store).await;
    changes_state_once(store).await;
    refuses_what_is_over_or_gone(store).await;
    notes_what_became_of_the_mail(store).await;
    is_accepted_once_when_two_accept_at_once(store).await;
}

async fn a_stored(store: &dyn TestStore, invitation: Invitation) -> Invitation {
    store.invitations().create(&invitation, &an_entry()).await.expect("an invitation can be stored");
    invitation
}

async fn state_of(store: &dyn TestStore, id: InvitationId) -> InvitationState {
    store.invitations().find(id).await.expect("an answer").expect("the invitation").state
}

fn is_stale(outcome: &Result<(), StoreError>) {
    assert!(matches!(outcome, Err(StoreError::Stale { what: "the invitation" })), "{outcome:?}");
}

async fn stores_and_finds(store: &dyn TestStore) {
    let invitations = store.invitations();
    let ((project, admin), team) = (a_stored_project(store).await, a_team().build());
    store.teams().create(&team, admin.id, &an_entry()).await.expect("a team");
    let all = [
        an_invitation().build(),
        an_invitation().to_the_instance_as_admin().by(admin.id).build(),
        an_invitation().to_project(project.id, Role::Viewer).by(admin.id).build(),
        an_invitation().to_team(team.id, TeamRole::Admin).build(),
    ];
    for invitation in &all {
        let entry = an_entry();
        invitations.create(invitation, &entry).await.expect("an invitation");
        assert!(is_on_record(store, entry.id).await);
        assert_eq!(invitations.find(invitation.id).await.expect("an answer").as_ref(), Some(invitation));
        assert_eq!(invitations.find_by_hash(&invitation.hash).await.expect("an answer").as_ref(), Some(invitation));
    }
    assert_eq!(invitations.find(InvitationId::new()).await.expect("an answer"), None);
    assert_eq!(invitations.find_by_hash(&a_hash()).await.expect("an answer"), None);

    let nowhere = an_invitation().to_project(ProjectId::new(), Role::Viewer).build();
    let outcome = invitations.create(&nowhere, &an_entry()).await;
    assert!(matches!(outcome, Err(StoreError::Missing { what: "the project" })), "{outcome:?}");
    let nowhere = an_invitation().to_team(TeamId::new(), TeamRole::Member).build();
    let outcome = invitations.create(&nowhere, &an_entry()).await;
    assert!(matches!(outcome, Err(StoreError::Missing { what: "the team" })), "{outcome:?}");

    // The end of the place is the end of its invitations.
    store.projects().delete(project.id, None, &an_entry()).await.expect("a deletion");
    assert_eq!(invitations.find(all[2].id).await.expect("an answer"), None);
}

async fn lists_by_place_address_and_state(store: &dyn TestStore) {
    let invitations = store.invitations();
    let ((project, _), (other, _)) = (a_stored_project(store).await, a_stored_project(store).await);
    let place = InvitationTarget::Project { id: project.id, role: Role::Admin };
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(a_stored(store, an_invitation().to_project(project.id, Role::Viewer).build()).await.id);
    }
    let short = an_invitation().to_project(project.id, Role::Member).good_for(Duration::from_secs(10)).build();
    let short = a_stored(store, short).await;
    a_stored(store, an_invitation().email(&short.email).to_project(other.id, Role::Viewer).build()).await;
    invitations.revoke(ids[4], at(1), &an_entry()).await.expect("a revocation");
    invitations.decline(ids[3], at(1), &an_entry()).await.expect("a refusal");

    let list = async |filter: InvitationFilter, page: PageRequest| {
        let page = invitations.list(&filter, page).await.expect("a list");
        (page.items.into_iter().map(|invitation| invitation.id).collect::<Vec<_>>(), page.next)
    };
    let there = || InvitationFilter { place: Some(place), ..InvitationFilter::default() };
    let whole = PageRequest::default();
    assert_eq!(list(there(), whole).await.0, [short.id, ids[4], ids[3], ids[2], ids[1], ids[0]]);
    let open = |seconds| InvitationFilter { open_at: Some(at(seconds)), ..there() };
    assert_eq!(list(open(9), whole).await.0, [short.id, ids[2], ids[1], ids[0]]);
    assert_eq!(list(open(10), whole).await.0, [ids[2], ids[1], ids[0]]);
    let of_address = InvitationFilter { email: Some(short.email.clone()), ..InvitationFilter::default() };
    assert_eq!(list(of_address, whole).await.0.len(), 2);

    // What is left out takes no place on a page.
    let (first, next) = list(open(10), PageRequest::new(2, None)).await;
    assert_eq!((first, next), (vec![ids[2], ids[1]], Some(ids[1].as_uuid())));
    let (second, next) = list(open(10), PageRequest::new(2, next)).await;
    assert_eq!((second, next), (vec![ids[0]], None));
}

async fn keeps_only_the_latest_link(store: &dyn TestStore) {
    let (project, _) = a_stored_project(store).await;
    let first = a_stored(store, an_invitation().to_project(project.id, Role::Viewer).build()).await;
    let elsewhere = a_stored(store, an_invitation().email(&first.email).build()).await;
    let second = an_invitation().email(&first.email).to_project(project.id, Role::Admin).build();
    let second = a_stored(store, second).await;
    assert!(matches!(state_of(store, first.id).await, InvitationState::Revoked { .. }));
    assert_eq!(state_of(store, second.id).await, InvitationState::Pending);
    assert_eq!(state_of(store, elsewhere.id).await, InvitationState::Pending);
}

async fn adds_who_accepts(store: &dyn TestStore) {
    let invitations = store.invitations();
    let ((project, admin), team) = (a_stored_project(store).await, a_team().build());
    store.teams().create(&team, admin.id, &an_entry()).await.expect("a team");
    let user = a_stored_user(store).await;
    let to_project = a_stored(store, an_invitation().to_project(project.id, Role::Member).build()).await;
    let to_team = a_stored(store, an_invitation().to_team(team.id, TeamRole::Member).build()).await;
    let to_instance = a_stored(store, an_invitation().to_the_instance_as_admin().build()).await;

    let mut news = store.changes().subscribe();
    let entries = [an_entry(), an_entry()];
    let by = || Accepting::Account(user.id);
    invitations.accept(to_project.id, by(), at(5), &entries).await.expect("an acceptance");
    for entry in &entries {
        assert!(is_on_record(store, entry.id).await);
    }
    let accepted = InvitationState::Accepted { at: at(5), by: user.id };
    assert_eq!(state_of(store, to_project.id).await, accepted);
    let member = store.projects().find_member(project.id, user.id).await.expect("an answer").expect("a member");
    assert_eq!((member.role, member.created_at), (Role::Member, at(5)));
    super::changes::until(&mut news, Change::Project(project.id)).await;

    invitations.accept(to_team.id, by(), at(6), &[an_entry()]).await.expect("an acceptance");
    let member = store.teams().find_member(team.id, user.id).await.expect("an answer").expect("a member");
    assert_eq!((member.role, member.created_at), (TeamRole::Member, at(6)));
    super::changes::until(&mut news, Change::Teams).await;

    invitations.accept(to_instance.id, by(), at(7), &[an_entry()]).await.expect("an acceptance");
    let promoted = store.users().find(user.id).await.expect("an answer").expect("the user");
    assert!(promoted.instance_admin && promoted.version == 2 && promoted.updated_at == at(7), "{promoted:?}");
    super::changes::until(&mut news, Change::Users).await;
}

async fn makes_an_account_for_who_has_none(store: &dyn TestStore) {
    let (project, _) = a_stored_project(store).await;
    let invitation = a_stored(store, an_invitation().to_project(project.id, Role::Viewer).build()).await;
    let new = a_user().email(invitation.email.as_str()).build();
    store.invitations().accept(invitation.id, Accepting::New(&new), at(1), &[an_entry()]).await.expect("an acceptance");
    assert_eq!(store.users().find_by_email(&invitation.email).await.expect("an answer").as_ref(), Some(&new));
    let role = store.projects().find_member(project.id, new.id).await.expect("an answer").map(|member| member.role);
    assert_eq!(role, Some(Role::Viewer));

    let late = a_stored(store, an_invitation().email(&new.email).build()).await;
    let twin = a_user().email(new.email.as_str()).build();
    let outcome = store.invitations().accept(late.id, Accepting::New(&twin), at(1), &[an_entry()]).await;
    assert!(matches!(outcome, Err(StoreError::Conflict { .. })), "{outcome:?}");
    assert_eq!(state_of(store, late.id).await, InvitationState::Pending, "a refused acceptance changes nothing");
}

async fn never_lowers_a_role(store: &dyn TestStore) {
    let ((project, admin), team) = (a_stored_project(store).await, a_team().build());
    store.teams().create(&team, admin.id, &an_entry()).await.expect("a team");
    let to_project = a_stored(store, an_invitation().to_project(project.id, Role::Viewer).build()).await;
    let to_team = a_stored(store, an_invitation().to_team(team.id, TeamRole::Member).build()).await;
    for id in [to_project.id, to_team.id] {
        let by = Accepting::Account(admin.id);
        store.invitations().accept(id, by, at(5), &[an_entry()]).await.expect("an acceptance");
    }
    let role = store.projects().find_member(project.id, admin.id).await.expect("an answer").map(|member| member.role);
    assert_eq!(role, Some(Role::Admin));
    let role = store.teams().find_member(team.id, admin.id).await.expect("an answer").map(|member| member.role);
    assert_eq!(role, Some(TeamRole::Admin));
}

async fn changes_state_once(store: &dyn TestStore) {
    let invitations = store.invitations();
    let user = a_stored_user(store).await;
    for first in 0..3 {
        let id = a_stored(store, an_invitation().build()).await.id;
        match first {
            0 => invitations.accept(id, Accepting::Account(user.id), at(1), &[an_entry()]).await,
            1 => invitations.decline(id, at(1), &an_entry()).await,
            _ => invitations.revoke(id, at(1), &an_entry()).await,
        }
        .expect("the first change");
        let state = state_of(store, id).await;
        let entry = an_entry();
        let again = std::slice::from_ref(&entry);
        is_stale(&invitations.accept(id, Accepting::Account(user.id), at(2), again).await);
        is_stale(&invitations.decline(id, at(2), &entry).await);
        is_stale(&invitations.revoke(id, at(2), &entry).await);
        assert!(!is_on_record(store, entry.id).await);
        assert_eq!(state_of(store, id).await, state);
    }
}

async fn refuses_what_is_over_or_gone(store: &dyn TestStore) {
    let invitations = store.invitations();
    let user = a_stored_user(store).await;
    let short = a_stored(store, an_invitation().good_for(Duration::from_secs(10)).build()).await;
    is_stale(&invitations.accept(short.id, Accepting::Account(user.id), at(10), &[an_entry()]).await);
    is_stale(&invitations.accept(InvitationId::new(), Accepting::Account(user.id), at(1), &[an_entry()]).await);
    let away = User { deactivated_at: Some(at(1)), version: 2, ..user };
    store.users().update(&away, &an_entry()).await.expect("a deactivation");
    let invitation = a_stored(store, an_invitation().build()).await;
    let outcome = invitations.accept(invitation.id, Accepting::Account(away.id), at(2), &[an_entry()]).await;
    assert!(matches!(outcome, Err(StoreError::Stale { what: "the user" })), "{outcome:?}");
    assert_eq!(state_of(store, invitation.id).await, InvitationState::Pending);
}

async fn notes_what_became_of_the_mail(store: &dyn TestStore) {
    let id = a_stored(store, an_invitation().build()).await.id;
    let fates =
        [MailState::Queued, MailState::Sent { at: at(3) }, MailState::Failed { at: at(4), reason: "no route".into() }];
    for mail in fates {
        store.invitations().note_mail(id, &mail).await.expect("a note");
        assert_eq!(store.invitations().find(id).await.expect("an answer").map(|found| found.mail), Some(mail));
    }
    store.invitations().note_mail(InvitationId::new(), &MailState::Queued).await.expect("nothing to note is fine");

    let other = a_stored(store, an_invitation().build()).await.id;
    let lost = MailState::Failed { at: at(5), reason: "lost".into() };
    let mail_of = async |id| store.invitations().find(id).await.expect("an answer").map(|found| found.mail);
    let sent = mail_of(other).await;
    store.invitations().note_mail(id, &MailState::Queued).await.expect("a note");
    assert_eq!(store.invitations().note_queued(&lost).await.expect("a note"), 1);
    assert_eq!((mail_of(id).await, mail_of(other).await), (Some(lost.clone()), sent), "what is not queued stays");
    assert_eq!(store.invitations().note_queued(&lost).await.expect("a note"), 0);
}

async fn is_accepted_once_when_two_accept_at_once(store: &dyn TestStore) {
    for round in 0..ROUNDS {
        let (project, _) = a_stored_project(store).await;
        let (first, second) = (a_stored_user(store).await, a_stored_user(store).await);
        let invitation = a_stored(store, an_invitation().to_project(project.id, Role::Member).build()).await;
        let id = invitation.id;
        let invitations = store.invitations();
        let one =
            tokio::spawn(
                async move { invitations.accept(id, Accepting::Account(first.id), at(1), &[an_entry()]).await },
            );
        let invitations = store.invitations();
        let new = a_user().email(invitation.email.as_str()).build();
        let other = tokio::spawn(async move {
            match round % 2 {
                0 => invitations.accept(id, Accepting::Account(second.id), at(1), &[an_entry()]).await,
                _ => invitations.accept(id, Accepting::New(&new), at(1), &[an_entry()]).await,
            }
        });
        let outcomes = [one.await.expect("no panic"), other.await.expect("no panic")];
        let done = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        let refused = outcomes.iter().filter(|outcome| matches!(outcome, Err(StoreError::Stale { .. }))).count();
        assert_eq!((done, refused), (1, 1), "{outcomes:?}");
        let members = store.projects().list_members(project.id).await.expect("a list");
        assert_eq!(members.len(), 2, "the admin and one more");
    }
}
