//! What the command line does to projects and people, while no server runs on the data directory.

use anyhow::{Context, bail};

use super::cookies::Site;
use super::{Purpose, Role, email, name, secrets};
use crate::data_dir::DataDir;
use crate::server::dsn;
use crate::settings::Settings;
use crate::store::IssueStore;
use crate::store::sqlite::{Project, Projects, Sqlite};
use crate::{ProjectId, clock, upkeep};

/// A person to be added, or one who is here and is to have another password or role.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// The address they log in with.
    pub email: String,
    /// How they are called; by default what stands before the `@`.
    pub name: Option<String>,
    /// Make them an admin of the server.
    pub is_admin: bool,
    /// A project, by slug or number, and what they are there.
    pub role: Option<(String, Role)>,
}

/// The data directory and its database. The lock is held as long as the first.
fn open(settings: &Settings) -> anyhow::Result<(DataDir, Sqlite)> {
    let running = "nothing was changed; if a server runs, stop it first, or use its API";
    let data_dir = DataDir::open(&settings.data_dir).context(running)?;
    upkeep::upgrade(&data_dir)?;
    let store = Sqlite::open(&data_dir.database(), settings.seen_ids_bytes)?;
    Ok((data_dir, store))
}

fn site(settings: &Settings) -> Site {
    Site::new(&settings.public_url(settings.listen), settings.public_url.is_none())
}

/// Makes a project; its DSN.
///
/// # Errors
/// When the name is none, or a server runs on the data directory.
pub fn create_project(settings: &Settings, wanted: &str) -> anyhow::Result<(Project, String)> {
    let wanted = name(wanted).map_err(anyhow::Error::msg)?;
    let (_lock, mut store) = open(settings)?;
    let mut made = None;
    store.edit(&mut |registry| {
        let slug = registry.projects().free_slug(&wanted)?;
        made = Some(registry.projects().create(&slug, &wanted, clock::now())?);
        Ok(())
    })?;
    let (project, key) = made.context("project")?;
    let dsn = dsn(site(settings).url(), &key.public, project.id);
    Ok((project, dsn))
}

fn find(projects: Projects<'_>, wanted: &str) -> anyhow::Result<ProjectId> {
    let all = projects.all()?;
    let found = all.iter().find(|project| project.slug == wanted || project.id.0.to_string() == wanted);
    let Some(project) = found else {
        let slugs: Vec<_> = all.iter().map(|project| project.slug.as_str()).collect();
        bail!("project: there is no {wanted:?}; there are: {}", slugs.join(", "));
    };
    Ok(project.id)
}

/// Adds a person, or changes one who is here; a one-time link by which they choose a password.
///
/// # Errors
/// When the address is none, there is no such project, or a server runs on the data directory.
pub fn add_user(settings: &Settings, new: &NewUser) -> anyhow::Result<String> {
    let address = email(&new.email).map_err(anyhow::Error::msg)?;
    let called = new.name.as_deref().or(address.split('@').next()).unwrap_or(&address);
    let called = name(called).map_err(anyhow::Error::msg)?;
    let (_lock, mut store) = open(settings)?;
    let secret = secrets::fresh()?;
    store.edit(&mut |registry| {
        let (people, now) = (registry.people(), clock::now());
        let user = match people.add(&address, &called, None, new.is_admin, now)? {
            Some(user) => user,
            None => people.by_email(&address)?.context("user")?.0,
        };
        if new.is_admin {
            people.set_admin(user.id, true)?;
        }
        if let Some((project, role)) = &new.role {
            people.set_role(find(registry.projects(), project)?, user.id, Some(*role))?;
        }
        people.add_link(&secrets::hash(&secret), &Purpose::Password(user.id), now)
    })?;
    Ok(site(settings).link("join", &secret))
}
