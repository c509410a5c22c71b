//! One-time links, and the invitations among them.

use rusqlite::params;
use schemars::JsonSchema;
use serde::Serialize;

use super::people::{People, role};
use crate::ProjectId;
use crate::people::secrets::Hash;
use crate::people::{Purpose, Role, UserId};

/// An invitation that nobody has taken up yet. What it can be taken up by is not known here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Invitation {
    /// By which it is revoked.
    pub number: i64,
    /// Who is invited.
    pub email: String,
    /// Whether as an admin of the server.
    pub is_admin: bool,
    /// The project that comes with it.
    pub project: Option<ProjectId>,
    /// The role there.
    pub role: Option<Role>,
    /// Until when it holds.
    pub expires: i64,
}

impl People<'_> {
    /// Makes a one-time link. Those before it for the same end with it.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn add_link(self, hash: &Hash, purpose: &Purpose, now: i64) -> anyhow::Result<()> {
        let (name, user, email, admin, project) = match purpose {
            Purpose::Setup => ("setup", None, None, false, None),
            Purpose::Invitation { email, is_admin, role } => ("invitation", None, Some(email), *is_admin, *role),
            Purpose::Password(user) => ("password", Some(user.0), None, false, None),
        };
        let project_id = project.map(|(project, _)| project.0);
        self.run("DELETE FROM links WHERE expires <= ?1", [now])?;
        self.run(
            "DELETE FROM links WHERE purpose = ?1 AND user IS ?2 AND email IS ?3 AND project IS ?4",
            params![name, user, email, project_id],
        )?;
        self.run(
            "INSERT INTO links (hash, purpose, user, email, admin, project, role, expires) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                hash,
                name,
                user,
                email,
                admin,
                project_id,
                project.map(|(_, role)| role.as_str()),
                now + purpose.lifetime()
            ],
        )?;
        Ok(())
    }

    /// Invitations that still hold, to a project or all of them, the last made first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn invitations(self, project: Option<ProjectId>, now: i64) -> anyhow::Result<Vec<Invitation>> {
        let sql = "SELECT number, email, admin, project, role, expires FROM links \
                   WHERE purpose = 'invitation' AND expires > ?1 AND (?2 IS NULL OR project = ?2) ORDER BY number DESC";
        self.all(sql, params![now, project.map(|project| project.0)], |row| {
            Ok(Invitation {
                number: row.get(0)?,
                email: row.get(1)?,
                is_admin: row.get(2)?,
                project: row.get::<_, Option<u32>>(3)?.map(ProjectId),
                role: role(row, 4)?,
                expires: row.get(5)?,
            })
        })
    }

    /// Revokes an invitation, one to a project if that is named; whether there was one.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn revoke_invitation(self, project: Option<ProjectId>, number: i64) -> anyhow::Result<bool> {
        let sql = "DELETE FROM links WHERE purpose = 'invitation' AND number = ?1 AND (?2 IS NULL OR project = ?2)";
        Ok(self.run(sql, params![number, project.map(|project| project.0)])? > 0)
    }

    /// What a link is for that still holds.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn link(self, hash: &Hash, now: i64) -> anyhow::Result<Option<Purpose>> {
        let sql = "SELECT purpose, user, email, admin, project, role FROM links WHERE hash = ?1 AND expires > ?2";
        let found = self.one(sql, params![hash, now], |row| {
            let (name, user): (String, Option<i64>) = (row.get(0)?, row.get(1)?);
            let (email, is_admin) = (row.get::<_, Option<String>>(2)?.unwrap_or_default(), row.get(3)?);
            let project = row.get::<_, Option<u32>>(4)?.map(ProjectId);
            let role = project.zip(role(row, 5)?);
            Ok(match (name.as_str(), user) {
                ("setup", _) => Some(Purpose::Setup),
                ("invitation", _) => Some(Purpose::Invitation { email, is_admin, role }),
                ("password", Some(user)) => Some(Purpose::Password(UserId(user))),
                _ => None,
            })
        })?;
        Ok(found.flatten())
    }

    /// Ends a link; whether there was one.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn end_link(self, hash: &Hash) -> anyhow::Result<bool> {
        Ok(self.run("DELETE FROM links WHERE hash = ?1", [hash])? > 0)
    }
}
