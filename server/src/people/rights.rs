//! Who asks, what a route needs, and whether the one is enough for the other. Pure: a table of needs, no storage.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::UserId;
use crate::ProjectId;

/// What someone is in a project. Each may what those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads.
    Viewer,
    /// Changes issues, tells of deploys, sees keys.
    Member,
    /// Changes the project, its keys and its members.
    Admin,
}

impl Role {
    /// All roles, the least first.
    pub const ALL: [Role; 3] = [Role::Viewer, Role::Member, Role::Admin];

    /// The name it is stored under.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Member => "member",
            Role::Admin => "admin",
        }
    }
}

impl std::str::FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Role, String> {
        let found = Role::ALL.into_iter().find(|role| role.as_str() == text);
        found.ok_or_else(|| format!("role: expected viewer, member or admin, got {text:?}"))
    }
}

/// What a route needs of the one who asks. Each route declares one.
///
/// "In person" is by a session: a token that leaks must not be able to make itself others, or bring in people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Need {
    /// Nothing.
    Open,
    /// To be known, by session or token.
    Known,
    /// To be here in person.
    Person,
    /// [`Role::Viewer`] in the route's project.
    View,
    /// [`Role::Member`] in the route's project.
    Change,
    /// [`Role::Admin`] in the route's project.
    Manage,
    /// [`Role::Admin`] in the route's project, in person.
    ManagePeople,
    /// To be an admin of the server.
    Host,
    /// To be an admin of the server, in person.
    HostPeople,
    /// To be an admin of the server, or to have the token of the metrics.
    Metrics,
}

impl Need {
    /// The role in the route's project that it takes.
    pub fn role(self) -> Option<Role> {
        match self {
            Need::View => Some(Role::Viewer),
            Need::Change => Some(Role::Member),
            Need::Manage | Need::ManagePeople => Some(Role::Admin),
            _ => None,
        }
    }

    fn is_in_person(self) -> bool {
        matches!(self, Need::Person | Need::ManagePeople | Need::HostPeople)
    }

    fn is_of_host(self) -> bool {
        matches!(self, Need::Host | Need::HostPeople | Need::Metrics)
    }
}

/// How someone is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Via {
    /// A session of a browser.
    Session {
        /// Its number.
        number: i64,
    },
    /// A token.
    Token {
        /// Its number.
        number: i64,
        /// What its owner calls it.
        name: String,
        /// The only project it is for; none is all of its owner.
        project: Option<ProjectId>,
        /// Whether it may change anything.
        can_write: bool,
    },
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The person, or the owner of the token.
    pub user: UserId,
    /// Their address.
    pub email: String,
    /// Their name.
    pub name: String,
    /// Whether the person is an admin of the server. See [`Caller::is_host`].
    pub is_admin: bool,
    /// How they are known.
    pub via: Via,
    /// What they are in the project that the route names, their token considered; none if there is no such project.
    pub role: Option<Role>,
}

impl Caller {
    /// Whether they may what an admin of the server may: one by a token for one project may not.
    pub fn is_host(&self) -> bool {
        self.is_admin && self.only_project().is_none()
    }

    /// The project that their token is for.
    pub fn only_project(&self) -> Option<ProjectId> {
        match &self.via {
            Via::Token { project, .. } => *project,
            Via::Session { .. } => None,
        }
    }

    /// What the audit trail calls them.
    pub fn who(&self) -> String {
        match &self.via {
            Via::Session { .. } => self.email.clone(),
            Via::Token { name, .. } => format!("{} (token {name})", self.email),
        }
    }
}

/// Why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied {
    /// Who may not see a project is not told that there is one.
    Hidden,
    /// They see it, and may not; why.
    Forbidden(&'static str),
}

/// Whether `caller` may use a route that needs `need`; a request that changes nothing `is_safe`.
///
/// # Errors
/// When they may not.
pub fn decide(need: Need, caller: &Caller, is_safe: bool) -> Result<(), Denied> {
    if let Some(needed) = need.role() {
        let role = caller.role.ok_or(Denied::Hidden)?;
        if role < needed {
            return Err(Denied::Forbidden("your role in this project does not allow it"));
        }
    }
    if need.is_of_host() && !caller.is_host() {
        return Err(Denied::Forbidden("only admins of this server may"));
    }
    match caller.via {
        Via::Token { .. } if need.is_in_person() => Err(Denied::Forbidden("a token may not: log in")),
        Via::Token { can_write: false, .. } if !is_safe => Err(Denied::Forbidden("the token may only read")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(role: Option<Role>, is_admin: bool, token: Option<bool>) -> Caller {
        let via = match token {
            None => Via::Session { number: 1 },
            Some(can_write) => Via::Token { number: 1, name: "ci".into(), project: None, can_write },
        };
        Caller { user: UserId(1), email: "a@b.c".into(), name: "A".into(), is_admin, via, role }
    }

    #[test]
    fn roles_contain_those_below() {
        for (need, least) in [(Need::View, 0), (Need::Change, 1), (Need::Manage, 2), (Need::ManagePeople, 2)] {
            assert_eq!(decide(need, &caller(None, true, None), true), Err(Denied::Hidden));
            for (at, role) in Role::ALL.into_iter().enumerate() {
                assert_eq!(
                    decide(need, &caller(Some(role), false, None), false).is_ok(),
                    at >= least,
                    "{need:?} {role:?}"
                );
            }
        }
    }

    #[test]
    fn tokens_read_or_write_and_are_no_persons() {
        let (reads, writes) =
            (caller(Some(Role::Admin), true, Some(false)), caller(Some(Role::Admin), true, Some(true)));
        assert!(decide(Need::Manage, &reads, true).is_ok() && decide(Need::Manage, &reads, false).is_err());
        assert!(decide(Need::Host, &writes, false).is_ok());
        for need in [Need::Person, Need::ManagePeople, Need::HostPeople] {
            assert!(matches!(decide(need, &writes, true), Err(Denied::Forbidden(_))), "{need:?}");
        }
    }

    #[test]
    fn a_token_for_one_project_is_no_host() {
        let mut one = caller(None, true, Some(true));
        if let Via::Token { project, .. } = &mut one.via {
            *project = Some(ProjectId(1));
        }
        assert!(decide(Need::Metrics, &one, true).is_err() && decide(Need::Known, &one, true).is_ok());
    }
}
