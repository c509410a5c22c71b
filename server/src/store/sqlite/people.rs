//! People, and by what they are known.

use rusqlite::{Connection, OptionalExtension, Row, params};
use schemars::JsonSchema;
use serde::Serialize;

use crate::ProjectId;
use crate::people::secrets::Hash;
use crate::people::{Caller, MAX_SESSIONS, Role, SESSION, User, UserId, Via};

/// People, over any connection.
#[derive(Debug, Clone, Copy)]
pub struct People<'c>(pub &'c Connection);

/// A session as its person sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Session {
    /// By which it is revoked.
    pub number: i64,
    /// The browser, as it calls itself.
    pub agent: String,
    /// When it began.
    pub created: i64,
    /// When it was used last, to some minutes.
    pub used: i64,
}

/// A token as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Token {
    /// By which it is revoked.
    pub number: i64,
    /// What its owner calls it.
    pub name: String,
    /// The only project it is for.
    pub project: Option<ProjectId>,
    /// Whether it may change anything.
    pub can_write: bool,
    /// When it was made.
    pub created: i64,
    /// From when on it is none.
    pub expires: Option<i64>,
    /// When it was used last, to some minutes.
    pub used: Option<i64>,
}

/// Someone in a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Member {
    /// Who.
    #[serde(flatten)]
    pub user: User,
    /// As what.
    pub role: Role,
}

/// What a new token is.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// What its owner calls it.
    pub name: String,
    /// The only project it is for.
    pub project: Option<ProjectId>,
    /// Whether it may change anything.
    pub can_write: bool,
    /// From when on it is none.
    pub expires: Option<i64>,
}

const USER: &str = "users.id, users.email, users.name, users.admin, users.created";

fn user(row: &Row<'_>) -> rusqlite::Result<User> {
    let id = UserId(row.get(0)?);
    Ok(User { id, email: row.get(1)?, name: row.get(2)?, is_admin: row.get(3)?, created: row.get(4)? })
}

pub(super) fn role(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<Role>> {
    // A name that is none is no role.
    Ok(row.get::<_, Option<String>>(at)?.and_then(|name| name.parse().ok()))
}

impl People<'_> {
    pub(super) fn all<T>(
        self,
        sql: &str,
        values: impl rusqlite::Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> anyhow::Result<Vec<T>> {
        Ok(self.0.prepare_cached(sql)?.query_map(values, read)?.collect::<Result<_, _>>()?)
    }

    pub(super) fn one<T>(
        self,
        sql: &str,
        values: impl rusqlite::Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> anyhow::Result<Option<T>> {
        Ok(self.0.prepare_cached(sql)?.query_row(values, read).optional()?)
    }

    pub(super) fn run(self, sql: &str, values: impl rusqlite::Params) -> anyhow::Result<usize> {
        Ok(self.0.prepare_cached(sql)?.execute(values)?)
    }

    /// Whether the server has an admin yet.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn has_admin(self) -> anyhow::Result<bool> {
        Ok(self.one("SELECT 1 FROM users WHERE admin = 1 LIMIT 1", [], |_| Ok(()))?.is_some())
    }

    /// All people, by address.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn users(self) -> anyhow::Result<Vec<User>> {
        self.all(&format!("SELECT {USER} FROM users ORDER BY email"), [], user)
    }

    /// A person.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn user(self, id: UserId) -> anyhow::Result<Option<User>> {
        self.one(&format!("SELECT {USER} FROM users WHERE id = ?1"), [id.0], user)
    }

    /// A person by address, and the hash of their password, if they have one.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn by_email(self, email: &str) -> anyhow::Result<Option<(User, Option<String>)>> {
        let sql = format!("SELECT {USER}, users.password FROM users WHERE email = ?1");
        self.one(&sql, [email], |row| Ok((user(row)?, row.get(5)?)))
    }

    /// What a person is in a project; an admin of the server is admin in all that are.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn role(self, id: UserId, is_admin: bool, project: ProjectId) -> anyhow::Result<Option<Role>> {
        let sql = "SELECT members.role FROM projects LEFT JOIN members ON members.project = projects.id AND user = ?2 \
                   WHERE projects.id = ?1";
        let found = self.one(sql, params![project.0, id.0], |row| role(row, 0))?;
        Ok(found.and_then(|role| if is_admin { Some(Role::Admin) } else { role }))
    }

    fn caller(self, user: User, via: Via, project: Option<ProjectId>) -> anyhow::Result<Caller> {
        let User { id, email, name, is_admin, .. } = user;
        let mut caller = Caller { user: id, email, name, is_admin, via, role: None };
        let only = caller.only_project();
        if let Some(project) = project.filter(|project| only.is_none_or(|only| only == *project)) {
            caller.role = self.role(id, is_admin, project)?;
        }
        Ok(caller)
    }

    /// Who has this session, in `project`, and when it was used last.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn by_session(
        self,
        hash: &Hash,
        project: Option<ProjectId>,
        now: i64,
    ) -> anyhow::Result<Option<(Caller, i64)>> {
        let sql = format!(
            "SELECT {USER}, sessions.number, used FROM sessions JOIN users ON users.id = sessions.user \
             WHERE hash = ?1 AND used > ?2"
        );
        let found = self.one(&sql, params![hash, now - SESSION], |row| Ok((user(row)?, row.get(5)?, row.get(6)?)))?;
        let caller = |(user, number, used)| anyhow::Ok((self.caller(user, Via::Session { number }, project)?, used));
        found.map(caller).transpose()
    }

    /// Who owns this token, in `project`, and when it was used last.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn by_token(self, hash: &Hash, project: Option<ProjectId>, now: i64) -> anyhow::Result<Option<(Caller, i64)>> {
        let sql = format!(
            "SELECT {USER}, tokens.number, tokens.name, tokens.project, writes, used FROM tokens \
             JOIN users ON users.id = tokens.user WHERE hash = ?1 AND (expires IS NULL OR expires > ?2)"
        );
        let found = self.one(&sql, params![hash, now], |row| {
            let only = row.get::<_, Option<u32>>(7)?.map(ProjectId);
            let via = Via::Token { number: row.get(5)?, name: row.get(6)?, project: only, can_write: row.get(8)? };
            Ok((user(row)?, via, row.get::<_, Option<i64>>(9)?.unwrap_or_default()))
        })?;
        found.map(|(user, via, used)| anyhow::Ok((self.caller(user, via, project)?, used))).transpose()
    }

    /// The projects that someone sees, and what they are there.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn projects_of(self, caller: &Caller) -> anyhow::Result<Vec<(ProjectId, Role)>> {
        let sql = "SELECT projects.id, members.role FROM projects \
                   LEFT JOIN members ON members.project = projects.id AND user = ?1 ORDER BY projects.id";
        let pairs = self.all(sql, [caller.user.0], |row| Ok((ProjectId(row.get(0)?), role(row, 1)?)))?;
        let (is_admin, only) = (caller.is_admin, caller.only_project());
        let seen = pairs.into_iter().filter(|(project, _)| only.is_none_or(|only| only == *project));
        Ok(seen.filter_map(|(id, role)| Some((id, if is_admin { Role::Admin } else { role? }))).collect())
    }

    /// Who is in a project, by address.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn members(self, project: ProjectId) -> anyhow::Result<Vec<Member>> {
        let sql = format!(
            "SELECT {USER}, role FROM members JOIN users ON users.id = members.user WHERE project = ?1 ORDER BY email"
        );
        let found = self.all(&sql, [project.0], |row| Ok((user(row)?, role(row, 5)?)))?;
        Ok(found.into_iter().filter_map(|(user, role)| Some(Member { user, role: role? })).collect())
    }

    /// Adds a person; none if the address has one.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn add(
        self,
        email: &str,
        name: &str,
        password: Option<&str>,
        is_admin: bool,
        now: i64,
    ) -> anyhow::Result<Option<User>> {
        let sql = "INSERT INTO users (email, name, password, admin, created) VALUES (?1, ?2, ?3, ?4, ?5) \
                   ON CONFLICT DO NOTHING";
        if self.run(sql, params![email, name, password, is_admin, now])? == 0 {
            return Ok(None);
        }
        let id = UserId(self.0.last_insert_rowid());
        Ok(Some(User { id, email: email.to_owned(), name: name.to_owned(), is_admin, created: now }))
    }

    /// Changes how a person is called.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn rename(self, id: UserId, name: &str) -> anyhow::Result<()> {
        self.run("UPDATE users SET name = ?2 WHERE id = ?1", params![id.0, name]).map(drop)
    }

    /// Whether the server would have no admin without this person.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn is_last_admin(self, id: UserId) -> anyhow::Result<bool> {
        Ok(self.one("SELECT 1 FROM users WHERE admin = 1 AND id <> ?1", [id.0], |_| Ok(()))?.is_none())
    }

    /// Makes a person an admin of the server, or no longer.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn set_admin(self, id: UserId, is_admin: bool) -> anyhow::Result<()> {
        self.run("UPDATE users SET admin = ?2 WHERE id = ?1", params![id.0, is_admin]).map(drop)
    }

    /// Removes a person with their sessions and tokens; whether there was one.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn remove(self, id: UserId) -> anyhow::Result<bool> {
        Ok(self.run("DELETE FROM users WHERE id = ?1", [id.0])? > 0)
    }

    /// Sets a password. All sessions but `kept` end, and links for another end with them.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn set_password(self, id: UserId, hash: &str, kept: Option<i64>) -> anyhow::Result<()> {
        self.run("UPDATE users SET password = ?2 WHERE id = ?1", params![id.0, hash])?;
        self.run("DELETE FROM links WHERE user = ?1", [id.0])?;
        self.close_sessions(id, kept).map(drop)
    }

    /// Gives a person a role in a project, or takes it.
    ///
    /// # Errors
    /// When there is no such person or project, or the database refuses.
    pub fn set_role(self, project: ProjectId, id: UserId, role: Option<Role>) -> anyhow::Result<bool> {
        let changed = match role {
            Some(role) => self.run(
                "INSERT OR REPLACE INTO members (project, user, role) VALUES (?1, ?2, ?3)",
                params![project.0, id.0, role.as_str()],
            ),
            None => self.run("DELETE FROM members WHERE project = ?1 AND user = ?2", params![project.0, id.0]),
        };
        Ok(changed? > 0)
    }

    /// Begins a session.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn open_session(self, id: UserId, hash: &Hash, agent: &str, now: i64) -> anyhow::Result<i64> {
        self.run("DELETE FROM sessions WHERE used <= ?1", [now - SESSION])?;
        let surplus = "DELETE FROM sessions WHERE number IN \
                       (SELECT number FROM sessions WHERE user = ?1 ORDER BY used DESC, number DESC LIMIT -1 OFFSET ?2)";
        self.run(surplus, params![id.0, MAX_SESSIONS as i64 - 1])?;
        let sql = "INSERT INTO sessions (hash, user, agent, created, used) VALUES (?1, ?2, ?3, ?4, ?4)";
        self.run(sql, params![hash, id.0, agent, now])?;
        Ok(self.0.last_insert_rowid())
    }

    /// Sessions of a person, the last used first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn sessions(self, id: UserId, now: i64) -> anyhow::Result<Vec<Session>> {
        let sql = "SELECT number, agent, created, used FROM sessions WHERE user = ?1 AND used > ?2 \
                   ORDER BY used DESC, number DESC";
        self.all(sql, params![id.0, now - SESSION], |row| {
            Ok(Session { number: row.get(0)?, agent: row.get(1)?, created: row.get(2)?, used: row.get(3)? })
        })
    }

    /// Ends a session of a person; whether there was one.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn close_session(self, id: UserId, number: i64) -> anyhow::Result<bool> {
        Ok(self.run("DELETE FROM sessions WHERE user = ?1 AND number = ?2", params![id.0, number])? > 0)
    }

    /// Ends all sessions of a person but `kept`; how many.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn close_sessions(self, id: UserId, kept: Option<i64>) -> anyhow::Result<usize> {
        self.run("DELETE FROM sessions WHERE user = ?1 AND number IS NOT ?2", params![id.0, kept])
    }

    /// Makes a token.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn add_token(self, id: UserId, hash: &Hash, new: &NewToken, now: i64) -> anyhow::Result<Token> {
        let NewToken { name, project, can_write, expires } = new.clone();
        self.run(
            "INSERT INTO tokens (hash, user, name, project, writes, created, expires) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![hash, id.0, name, project.map(|p| p.0), can_write, now, expires],
        )?;
        Ok(Token { number: self.0.last_insert_rowid(), name, project, can_write, created: now, expires, used: None })
    }

    /// Tokens of a person, the newest first; the expired among them.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn tokens(self, id: UserId) -> anyhow::Result<Vec<Token>> {
        let sql = "SELECT number, name, project, writes, created, expires, used FROM tokens WHERE user = ?1 \
                   ORDER BY number DESC";
        self.all(sql, [id.0], |row| {
            Ok(Token {
                number: row.get(0)?,
                name: row.get(1)?,
                project: row.get::<_, Option<u32>>(2)?.map(ProjectId),
                can_write: row.get(3)?,
                created: row.get(4)?,
                expires: row.get(5)?,
                used: row.get(6)?,
            })
        })
    }

    /// Revokes a token of a person; whether there was one.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn remove_token(self, id: UserId, number: i64) -> anyhow::Result<bool> {
        Ok(self.run("DELETE FROM tokens WHERE user = ?1 AND number = ?2", params![id.0, number])? > 0)
    }

    /// Notes that someone was here.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn note(self, via: &Via, now: i64) -> anyhow::Result<()> {
        let (sql, number) = match via {
            Via::Session { number } => ("UPDATE sessions SET used = ?2 WHERE number = ?1", number),
            Via::Token { number, .. } => ("UPDATE tokens SET used = ?2 WHERE number = ?1", number),
        };
        self.run(sql, params![number, now]).map(drop)
    }
}
