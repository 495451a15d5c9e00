//! The words of the audit trail: what can be done, and what an entry tells of it by name. The lists are whole: nothing
//! else is ever written, so that whoever reads the trail can have a text for each.

use crate::words::words;

words! {
    /// What was done: `<noun>.<verb>`.
    AuditAction {
        AccessRefuse = "access.refuse",
        ApprovalApprove = "approval.approve",
        ApprovalCancel = "approval.cancel",
        ApprovalConfirm = "approval.confirm",
        ApprovalDecline = "approval.decline",
        ApprovalDeny = "approval.deny",
        ApprovalExpire = "approval.expire",
        ApprovalRequest = "approval.request",
        EncryptionBegin = "encryption.begin",
        EncryptionRotate = "encryption.rotate",
        InvitationAccept = "invitation.accept",
        InvitationCreate = "invitation.create",
        InvitationDecline = "invitation.decline",
        InvitationRevoke = "invitation.revoke",
        KeyCreate = "key.create",
        KeyRevoke = "key.revoke",
        KeyRotate = "key.rotate",
        KeyUpdate = "key.update",
        LimitsUpdate = "limits.update",
        LoginEnd = "login.end",
        LoginEndOthers = "login.end_others",
        LoginFail = "login.fail",
        LoginOpen = "login.open",
        LoginReuse = "login.reuse",
        MailFail = "mail.fail",
        MemberDelete = "member.delete",
        MemberUpdate = "member.update",
        PersonalSecretDelete = "personal_secret.delete",
        PersonalSecretUpdate = "personal_secret.update",
        PolicyAdd = "policy.add",
        PolicyMove = "policy.move",
        PolicyRemove = "policy.remove",
        PolicySwitchOff = "policy.switch_off",
        PolicySwitchOn = "policy.switch_on",
        PolicyUpdate = "policy.update",
        ProjectCreate = "project.create",
        ProjectDelete = "project.delete",
        ProjectInspect = "project.inspect",
        ProjectUpdate = "project.update",
        ProjectTeamCreate = "project_team.create",
        ProjectTeamDelete = "project_team.delete",
        ProjectTeamUpdate = "project_team.update",
        SecretsAdopt = "secrets.adopt",
        ServerCreate = "server.create",
        ServerDelete = "server.delete",
        ServerDisable = "server.disable",
        ServerEnable = "server.enable",
        ServerRestart = "server.restart",
        ServerStart = "server.start",
        ServerStop = "server.stop",
        ServerUpdate = "server.update",
        SessionEnd = "session.end",
        TeamCreate = "team.create",
        TeamDelete = "team.delete",
        TeamUpdate = "team.update",
        TeamMemberDelete = "team_member.delete",
        TeamMemberUpdate = "team_member.update",
        ToolChange = "tool.change",
        UserActivate = "user.activate",
        UserChangePassword = "user.change_password",
        UserCreate = "user.create",
        UserCreateReset = "user.create_reset",
        UserDeactivate = "user.deactivate",
        UserDemote = "user.demote",
        UserForgetPassword = "user.forget_password",
        UserPromote = "user.promote",
        UserRefusePassword = "user.refuse_password",
        UserResetPassword = "user.reset_password",
        UserUpdate = "user.update",
    }
}

words! {
    /// What a named value of an entry is. Names are those of the time, so that they say what was meant when the thing is
    /// gone or called otherwise.
    FactName {
        /// `instance_admin`, for what somebody did only by being one.
        As = "as",
        /// Slug of the project.
        Project = "project",
        /// Slug of the team.
        Team = "team",
        /// Alias of the server.
        Server = "server",
        /// Name of the tool.
        Tool = "tool",
        /// `tool`, `prompt` or `resource`.
        Kind = "kind",
        /// E-mail address of whom it is about besides the target: whose call, key, session or values.
        User = "user",
        /// Name of the key.
        Key = "key",
        /// The part of a key that is no secret.
        PublicId = "public_id",
        /// Name of the rule, or what it says.
        Rule = "rule",
        RuleId = "rule_id",
        /// A rule that was added.
        Added = "added",
        /// A rule that was removed.
        Removed = "removed",
        /// A part that was changed: a word of what has parts, or a rule.
        Changed = "changed",
        /// A rule that was moved.
        Moved = "moved",
        /// What it was before: a role, an alias, a slug.
        Before = "before",
        /// What it is now.
        Now = "now",
        /// A role that was given.
        Role = "role",
        /// E-mail address of the first admin.
        Admin = "admin",
        Transport = "transport",
        /// How it came: `import`, `invitation`, `sign_up`, `link`.
        Through = "through",
        /// How a link reaches its person: `mail` or `shown`.
        Delivery = "delivery",
        /// For how many hours something is good.
        Hours = "hours",
        /// What was looked at, or done there.
        Part = "part",
        /// What was refused.
        Refused = "refused",
        /// What it needs.
        Needs = "needs",
        /// Why, in words of the program or of another one.
        Reason = "reason",
        /// Where from.
        Address = "address",
        /// Id of the login.
        Login = "login",
        /// Revision of the protocol.
        Revision = "revision",
        /// A number that was set, such as `key.per_minute 60`; `nothing` where all were taken away.
        Set = "set",
        /// How many.
        Count = "count",
        /// Name of a variable, header or value that was stored.
        Stored = "stored",
    }
}

words! {
    /// A part that an update changed, as the value of [`FactName::Changed`]. Behind `env` and `header` stands the name of
    /// the one: `env TOKEN`.
    ChangedPart {
        Active = "active",
        Alias = "alias",
        Allowance = "allowance",
        AlwaysOn = "always_on",
        Args = "args",
        Command = "command",
        Cwd = "cwd",
        /// Switched off.
        Disabled = "disabled",
        /// Switched on.
        Enabled = "enabled",
        Env = "env",
        Era = "era",
        Expiry = "expiry",
        FlawedTools = "flawed_tools",
        Header = "header",
        IdleStop = "idle_stop",
        InstanceAdmin = "instance_admin",
        Interactive = "interactive",
        Isolation = "isolation",
        Limits = "limits",
        MaxConnections = "max_connections",
        MaxInFlight = "max_in_flight",
        /// What members had stored for the place where the server was before; it was removed.
        ValuesOfMembers = "values_of_members",
        Name = "name",
        /// Members of an imported file that mean nothing to the daemon.
        OtherMembers = "other_members",
        /// Which values members bring along.
        PersonalValues = "personal_values",
        Preferences = "preferences",
        RecordedArguments = "recorded_arguments",
        Sandbox = "sandbox",
        Scope = "scope",
        Separator = "separator",
        Slug = "slug",
        Timeout = "timeout",
        ToolTimeouts = "tool_timeouts",
        Transport = "transport",
        Url = "url",
    }
}

words! {
    /// What somebody was not let do, as the value of [`FactName::Refused`].
    Right {
        Approve = "approve",
        Call = "call",
        Inspect = "inspect",
        Look = "look",
        ManageInstance = "manage_instance",
        ManageProject = "manage_project",
        ManageServers = "manage_servers",
        ManageTeam = "manage_team",
        UseOwnKeys = "use_own_keys",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{AuditAction, ChangedPart, FactName, Right};

    #[test]
    fn an_action_is_a_noun_and_a_verb_and_none_is_there_twice() {
        let distinct: BTreeSet<_> = AuditAction::ALL.iter().map(|action| action.as_str()).collect();
        assert_eq!(distinct.len(), AuditAction::ALL.len());
        let is_word =
            |word: &str| !word.is_empty() && word.bytes().all(|byte| byte == b'_' || byte.is_ascii_lowercase());
        for action in distinct {
            let parts = action.split_once('.');
            assert!(parts.is_some_and(|(noun, verb)| is_word(noun) && is_word(verb)), "{action}");
        }
        let facts: BTreeSet<_> = FactName::ALL.iter().map(|name| name.as_str()).collect();
        assert_eq!(facts.len(), FactName::ALL.len());
        let parts: BTreeSet<_> = ChangedPart::ALL.iter().map(|part| part.as_str()).collect();
        assert_eq!(parts.len(), ChangedPart::ALL.len());
        let rights: BTreeSet<_> = Right::ALL.iter().map(|right| right.as_str()).collect();
        assert_eq!(rights.len(), Right::ALL.len());
    }
}
