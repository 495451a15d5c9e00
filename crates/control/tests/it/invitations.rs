//! Invitations: from being made to being answered, and what nobody learns on the way.

use std::time::Duration;

use orch_control::config::{PeopleConfig, SignUp};
use orch_control::error::ControlError;
use orch_control::invitations::{InvitedTo, NewAccount, NewInvitation, Place};
use orch_domain::invitation::InvitationState;
use orch_domain::page::PageRequest;
use orch_domain::port::project_repo::ProjectRepo;
use orch_domain::port::user_repo::UserRepo;
use orch_domain::principal::Principal;
use orch_domain::role::Role;
use secrecy::{ExposeSecret, SecretString};

use crate::world::{World, console, is_forbidden, login, token_of};

fn to_project<'a>(email: &'a str, project: &'a str) -> NewInvitation<'a> {
    NewInvitation { email, to: InvitedTo::Project { project, role: Role::Member }, good_for: None }
}

async fn invited(world: &World, who: &Principal, new: NewInvitation<'_>) -> SecretString {
    token_of(world.control.invitations.create(who, new).await.unwrap().link.unwrap().expose_secret())
}

fn to_instance(email: &str, admin: bool) -> NewInvitation<'_> {
    NewInvitation { email, to: InvitedTo::Instance { admin }, good_for: None }
}

/// The account that somebody made with the link.
async fn joined(world: &World, token: &SecretString) -> Principal {
    let email = world.control.invitations.accept_as_new(token, account()).await.unwrap().email;
    world.catch_up().await;
    login(world.store.find_by_email(&email).await.unwrap().unwrap().id)
}

fn account() -> NewAccount {
    NewAccount { name: "Ada".into(), password: "long enough it is".into() }
}

fn is_gone<T: std::fmt::Debug>(outcome: &Result<T, ControlError>, why: &str) {
    assert!(matches!(outcome, Err(ControlError::Gone { problem }) if problem.contains(why)), "{outcome:?}");
}

fn settings(sign_up: SignUp) -> PeopleConfig {
    PeopleConfig { sign_up, ..PeopleConfig::default() }
}

#[tokio::test]
async fn add_who_accepts_and_nobody_before() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let slug = project.slug.as_str();
    let ada = world.user(|user| user.email("ada@example.com")).await;
    let token = invited(&world, &admin, to_project("Ada@example.com", slug)).await;
    assert_eq!(world.control.members.list(&admin, slug).await.unwrap().len(), 1);
    let seen = world.control.invitations.look(&token).await.unwrap();
    assert_eq!(seen.seen.place.map(|(slug, _)| slug).as_deref(), Some(slug));
    let accepted = world.control.invitations.accept(&login(ada.id), &token).await.unwrap();
    assert_eq!(accepted.email.as_str(), "ada@example.com");
    let role = ProjectRepo::find_member(&world.store, project.id, ada.id).await.unwrap().map(|member| member.role);
    assert_eq!(role, Some(Role::Member));
    let again = world.control.invitations.accept(&login(ada.id), &token).await;
    is_gone(&again, "accepted already");
    assert_eq!(
        world.audit().await,
        [
            "login invitation.create ada@example.com to the project as member, good for 168 h",
            "login invitation.accept ada@example.com to the project as member",
        ]
    );
}

#[tokio::test]
async fn are_for_one_address_only() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let other = world.user(|user| user).await;
    let token = invited(&world, &admin, to_project("ada@example.com", project.slug.as_str())).await;
    let outcome = world.control.invitations.accept(&login(other.id), &token).await;
    assert!(matches!(&outcome, Err(ControlError::Conflict { problem }) if problem.contains("another address")));
    assert!(world.control.invitations.look(&token).await.is_ok(), "it is still open");
}

#[tokio::test]
async fn do_not_tell_whether_an_address_has_an_account() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let slug = project.slug.as_str();
    world.user(|user| user.email("known@example.com")).await;
    let mut answers = Vec::new();
    for email in ["known@example.com", "unknown@example.com"] {
        let issued = world.control.invitations.create(&admin, to_project(email, slug)).await.unwrap();
        let token = token_of(issued.link.as_ref().unwrap().expose_secret());
        let found = world.control.invitations.look(&token).await.unwrap().makes_account;
        let refused = world.control.invitations.accept_as_new(&token, account()).await.unwrap_err();
        answers.push((issued.seen.open, issued.seen.invitation.mail, refused.to_string(), found));
    }
    assert_eq!(answers[0], answers[1]);
    assert!(answers[0].2.contains("log in") && !answers[0].3, "{answers:?}");
}

#[tokio::test]
async fn make_an_account_where_that_may_be() {
    // Closed: who makes accounts anyway has invited.
    let world = World::new();
    let root = login(world.user(|user| user.instance_admin()).await.id);
    let to = InvitedTo::Instance { admin: false };
    let token = invited(&world, &root, NewInvitation { email: "ada@example.com", to, good_for: None }).await;
    assert!(world.control.invitations.look(&token).await.unwrap().makes_account);
    world.control.invitations.accept_as_new(&token, account()).await.unwrap();
    let email = orch_domain::email::Email::parse("ada@example.com").unwrap();
    let ada = world.store.find_by_email(&email).await.unwrap().unwrap();
    assert_eq!((ada.name.as_str(), ada.instance_admin), ("Ada", false));
    let short = NewAccount { password: "short".into(), ..account() };
    let token = invited(&world, &root, NewInvitation { email: "bob@example.com", to, good_for: None }).await;
    let outcome = world.control.invitations.accept_as_new(&token, short).await;
    assert!(matches!(outcome, Err(ControlError::Invalid { .. })), "{outcome:?}");
    assert!(world.control.invitations.look(&token).await.is_ok(), "a refused password does not spend it");

    // By invitation, within the domains.
    let allowed_domains = vec!["example.com".to_owned()];
    let world = World::with(PeopleConfig { allowed_domains, ..settings(SignUp::Invite) }, false);
    let (project, admin) = world.project().await;
    let slug = project.slug.as_str();
    let token = invited(&world, &admin, to_project("ada@example.com", slug)).await;
    assert!(world.control.invitations.look(&token).await.unwrap().makes_account);
    world.control.invitations.accept_as_new(&token, account()).await.unwrap();
    assert_eq!(world.control.members.list(&admin, slug).await.unwrap().len(), 2);
    let token = invited(&world, &admin, to_project("ada@elsewhere.example", slug)).await;
    assert!(!world.control.invitations.look(&token).await.unwrap().makes_account);
    let outcome = world.control.invitations.accept_as_new(&token, account()).await;
    assert!(matches!(outcome, Err(ControlError::Conflict { .. })), "{outcome:?}");
}

#[tokio::test]
async fn are_no_good_once_the_inviter_may_not_invite() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let slug = project.slug.as_str();
    let leaver = world.member(&project, Role::Admin).await;
    let ada = world.user(|user| user.email("ada@example.com")).await;
    let token = invited(&world, &leaver, to_project("ada@example.com", slug)).await;
    world.control.members.update(&admin, slug, &leaver.user_id.to_string(), Role::Member, None).await.unwrap();
    is_gone(&world.control.invitations.accept(&login(ada.id), &token).await, "may not do so any more");
    world.control.members.update(&admin, slug, &leaver.user_id.to_string(), Role::Admin, None).await.unwrap();
    world.control.users.deactivate(&console(), &leaver.user_id.to_string()).await.unwrap();
    is_gone(&world.control.invitations.look(&token).await, "may not do so any more");
}

#[tokio::test]
async fn end_by_time_refusal_and_being_taken_back() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let slug = project.slug.as_str();
    let place = Place::Project(slug);
    let invitations = &world.control.invitations;
    for hours in [0, 721] {
        let good_for = Some(Duration::from_secs(hours * 3600));
        let outcome = invitations.create(&admin, NewInvitation { good_for, ..to_project("a@example.com", slug) }).await;
        assert!(matches!(outcome, Err(ControlError::Invalid { .. })), "{hours}: {outcome:?}");
    }
    let good_for = Some(Duration::from_secs(3600));
    let short = NewInvitation { good_for, ..to_project("short@example.com", slug) };
    let expired = invited(&world, &admin, short).await;
    let declined = invited(&world, &admin, to_project("declines@example.com", slug)).await;
    invitations.decline(&declined).await.unwrap();
    let replaced = invited(&world, &admin, to_project("twice@example.com", slug)).await;
    let latest = invited(&world, &admin, to_project("twice@example.com", slug)).await;
    world.clock.advance(Duration::from_secs(3600));
    is_gone(&invitations.look(&expired).await, "expired");
    is_gone(&invitations.look(&declined).await, "declined");
    is_gone(&invitations.look(&replaced).await, "taken back");
    let unknown = invitations.look(&"Invitation-99".into()).await;
    assert!(matches!(unknown, Err(ControlError::Missing { what: "invitation" })), "{unknown:?}");

    let listed = invitations.list(&admin, place, PageRequest::default()).await.unwrap().items;
    let open = listed.iter().filter(|seen| seen.open).collect::<Vec<_>>();
    assert_eq!((listed.len(), open.len()), (4, 1));
    let id = open[0].invitation.id.to_string();
    let renewed = invitations.renew(&admin, place, &id).await.unwrap();
    is_gone(&invitations.look(&latest).await, "taken back");
    let id = renewed.seen.invitation.id.to_string();
    invitations.revoke(&admin, place, &id).await.unwrap();
    is_gone(&invitations.revoke(&admin, place, &id).await, "taken back");
    is_gone(&invitations.renew(&admin, place, &id).await, "taken back");
}

#[tokio::test]
async fn are_managed_by_admins_of_the_place_alone() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let (other, other_admin) = world.project().await;
    let slug = project.slug.as_str();
    let member = world.member(&project, Role::Member).await;
    let invitations = &world.control.invitations;
    assert!(is_forbidden(&invitations.create(&member, to_project("a@example.com", slug)).await));
    assert!(is_forbidden(&invitations.list(&member, Place::Project(slug), PageRequest::default()).await));
    let to = InvitedTo::Instance { admin: true };
    let new = NewInvitation { email: "a@example.com", to, good_for: None };
    assert!(is_forbidden(&invitations.create(&admin, new).await));
    assert!(is_forbidden(&invitations.list_all(&admin, PageRequest::default()).await));
    let issued = invitations.create(&admin, to_project("a@example.com", slug)).await.unwrap();
    let id = issued.seen.invitation.id.to_string();
    let elsewhere = Place::Project(other.slug.as_str());
    let outcome = invitations.revoke(&other_admin, elsewhere, &id).await;
    assert!(matches!(outcome, Err(ControlError::Missing { what: "invitation" })), "{outcome:?}");
    let root = login(world.user(|user| user.instance_admin()).await.id);
    assert_eq!(invitations.list_all(&root, PageRequest::default()).await.unwrap().items.len(), 1);
    invitations.revoke(&root, Place::Instance, &id).await.unwrap();
    let again = invitations.create(&admin, to_project(&admin_email(&world, &admin).await, slug)).await;
    assert!(matches!(again, Err(ControlError::Conflict { .. })), "who is there needs none: {again:?}");
}

async fn admin_email(world: &World, admin: &Principal) -> String {
    UserRepo::find(&world.store, admin.user_id).await.unwrap().unwrap().email.to_string()
}

#[tokio::test]
async fn can_be_answered_from_the_own_list() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let slug = project.slug.as_str();
    let who = login(world.user(|user| user.email("ada@example.com")).await.id);
    invited(&world, &admin, to_project("ada@example.com", slug)).await;
    let invitations = &world.control.invitations;
    let own = invitations.list_own(&who, PageRequest::default()).await.unwrap().items;
    assert_eq!(own.len(), 1);
    let id = own[0].invitation.id.to_string();
    let stranger = login(world.user(|user| user).await.id);
    let outcome = invitations.accept_own(&stranger, &id).await;
    assert!(matches!(outcome, Err(ControlError::Missing { what: "invitation" })), "{outcome:?}");
    let accepted = invitations.accept_own(&who, &id).await.unwrap().seen.invitation;
    assert!(matches!(accepted.state, InvitationState::Accepted { by, .. } if by == who.user_id), "{accepted:?}");
    is_gone(&invitations.decline_own(&who, &id).await, "accepted already");
    assert!(invitations.list_own(&who, PageRequest::default()).await.unwrap().items.is_empty());
}

/// Without mail, who invites is shown the link and can make the account in place of the invited.
#[tokio::test]
async fn need_the_link_where_the_address_is_not_proven() {
    let world = World::with(settings(SignUp::Invite), false);
    let (project, mallory) = world.project().await;
    let root = login(world.user(|user| user.instance_admin()).await.id);
    let to_all = invited(&world, &root, to_instance("ada@example.com", true)).await;
    let invitations = &world.control.invitations;
    let id = invitations.look(&to_all).await.unwrap().seen.invitation.id.to_string();
    let shown = invited(&world, &mallory, to_project("ada@example.com", project.slug.as_str())).await;
    let who = joined(&world, &shown).await;
    assert!(invitations.list_own(&who, PageRequest::default()).await.unwrap().items.is_empty());
    for outcome in [invitations.accept_own(&who, &id).await.map(|_| ()), invitations.decline_own(&who, &id).await] {
        assert!(matches!(outcome, Err(ControlError::Missing { what: "invitation" })), "{outcome:?}");
    }
    assert!(!UserRepo::find(&world.store, who.user_id).await.unwrap().unwrap().instance_admin);
    // With its own link it is answered all the same, and that proves nothing for others.
    let (other, other_admin) = world.project().await;
    let link = invited(&world, &other_admin, to_project("ada@example.com", other.slug.as_str())).await;
    invitations.accept(&who, &link).await.unwrap();
    assert!(invitations.list_own(&who, PageRequest::default()).await.unwrap().items.is_empty());
}

#[tokio::test]
async fn that_are_mailed_prove_the_address_of_who_makes_an_account() {
    let world = World::with(settings(SignUp::Invite), true);
    let (project, admin) = world.project().await;
    let (other, other_admin) = world.project().await;
    let invitations = &world.control.invitations;
    invitations.create(&admin, to_project("ada@example.com", project.slug.as_str())).await.unwrap();
    let letter = world.office.letters.lock().unwrap().pop().unwrap();
    let who = joined(&world, &token_of(&letter.text)).await;
    invitations.create(&other_admin, to_project("ada@example.com", other.slug.as_str())).await.unwrap();
    let own = invitations.list_own(&who, PageRequest::default()).await.unwrap().items;
    assert_eq!(own.len(), 1);
    invitations.accept_own(&who, &own[0].invitation.id.to_string()).await.unwrap();
}

#[tokio::test]
async fn are_mailed_where_mail_goes_out_and_then_shown_to_nobody() {
    let world = World::with(PeopleConfig::default(), true);
    let (project, admin) = world.project().await;
    let issued = world.control.invitations.create(&admin, to_project("ada@example.com", project.slug.as_str())).await;
    assert!(issued.unwrap().link.is_none());
    let letter = world.office.letters.lock().unwrap().pop().unwrap();
    assert_eq!(letter.to.as_str(), "ada@example.com");
    assert!(letter.subject.contains(&project.name), "{}", letter.subject);
    assert!(letter.text.contains("https://mcp.example.com/invitation#"), "{}", letter.text);
    let token = token_of(&letter.text);
    assert!(world.control.invitations.look(&token).await.is_ok());
    assert!(!format!("{letter:?}").contains(token.expose_secret()));
}
