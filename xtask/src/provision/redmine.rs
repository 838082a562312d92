//! A real Redmine 5: installed from Debian's packages, seeded once, started anew for each test on its own database.

use super::debian;
use crate::{run, say, testdata};
use anyhow::{Context, Result, bail};
use std::fs;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;
use tempfile::TempDir;
use tokio::time::Instant;

/// Where Debian puts the application.
const APPLICATION: &str = "/usr/share/redmine";
/// The database that the package's configure step made.
const INSTALLED: &str =
    "/var/lib/dbconfig-common/sqlite3/redmine/instances/default/redmine_default";
/// The package's configure step fails with Debian's newer bundler unless this one is asked for.
const BUNDLER: (&str, &str) = ("BUNDLER_VERSION", "2.3.15");

/// How long it may take until it serves.
const START_MAX: Duration = Duration::from_secs(120);

/// Turns REST on, writes Markdown, makes the project `twin`, the custom fields `Labels` (several of a list) and `GitHub
/// issue` (a text), an administrator's key of forty times `a`, a member `mia` with a key of forty times `b`, a member `noel`
/// with a key of forty times `c` who may not make notes private, `zoe`, who is no member, and the project `other`. In both
/// projects `agnes` is a member, an administrator with a key of forty times `d`: without that she sees no private issues and
/// no private notes of others.
const SEED: &str = r"
# Mail jobs would run on threads of their own, beside what is written here.
ActiveJob::Base.queue_adapter = :test
# Nor beside requests later: each mail renders the text.
Setting.notified_events = []
Setting.rest_api_enabled = '1'
Setting.text_formatting = 'markdown'
project = Project.create!(name: 'Twin', identifier: 'twin', is_public: true, trackers: Tracker.all,
                          enabled_module_names: ['issue_tracking'])
labels = %w(bug feature docs ops urgent backend frontend)
IssueCustomField.create!(name: 'Labels', field_format: 'list', multiple: true, possible_values: labels,
                         is_for_all: true, is_filter: true, trackers: Tracker.all)
IssueCustomField.create!(name: 'GitHub issue', field_format: 'string', is_for_all: true, trackers: Tracker.all)
give = lambda do |user, value|
  Token.where(user_id: user.id, action: 'api').delete_all
  token = Token.new(user: user, action: 'api')
  token.save!(validate: false)
  token.update_columns(value: value)
end
admin = User.find_by_login('admin')
admin.update!(must_change_passwd: false)
give.call(admin, 'a' * 40)
person = lambda do |first, last|
  login = first.downcase
  user = User.new(firstname: first, lastname: last, mail: login + '@twin.example', language: 'en')
  user.login = login
  user.password = user.password_confirmation = 'a-long-password'
  user.save!
  user
end
mia = person.call('Mia', 'Member')
give.call(mia, 'b' * 40)
role = Role.find_by(name: 'Manager')
[admin, mia].each { |user| Member.create!(project: project, principal: user, roles: [role]) }
noel = person.call('Noel', 'Narrow')
give.call(noel, 'c' * 40)
narrow = Role.create!(name: 'Narrow', issues_visibility: 'all', users_visibility: 'all',
                      permissions: [:view_issues, :add_issues, :edit_issues, :add_issue_notes,
                                    :edit_own_issue_notes, :view_private_notes])
Member.create!(project: project, principal: noel, roles: [narrow])
person.call('Zoe', 'Zaungast')
other = Project.create!(name: 'Other', identifier: 'other', is_public: true, trackers: Tracker.all,
                        enabled_module_names: ['issue_tracking'])
Member.create!(project: other, principal: mia, roles: [role])
agnes = person.call('Agnes', 'Agent')
agnes.update!(admin: true)
give.call(agnes, 'd' * 40)
agent = Role.create!(name: 'Agent', issues_visibility: 'default', users_visibility: 'all', assignable: true,
                     permissions: [:view_issues, :add_issues, :edit_issues, :add_issue_notes, :edit_issue_notes])
[project, other].each { |place| Member.create!(project: place, principal: agnes, roles: [agent]) }
";

/// One thread, and no mails (see the seed): Redmine keeps one Markdown renderer for all threads (redcarpet's), and two that
/// render at once end the whole process by an assertion in C (`sd_markdown_render: Assertion ... work_bufs`).
/// A connection that rests is not closed by the server: in the same moment the next request might be sent on it.
const SETTINGS: &str = r"
environment 'production'
threads 1, 1
persistent_timeout 3600
first_data_timeout 3600
";

/// Moves the application's clock ahead by as many seconds as a file says.
const CLOCK: &str = r"
class << Time
  alias_method :unmoved_now, :now
  def now(...)
    unmoved_now(...) + Float(File.read(ENV.fetch('TEST_CLOCK')))
  end
end
";

/// Shows Textile as the application does: a JSON list of texts in, a JSON list of HTML out. The formatter alone is loaded, which
/// takes a second, not the application.
const FORMATTER: &str = r"
require 'json'
require 'active_support/all'
require 'action_view'
module Redmine
  module Helpers; end
  module SyntaxHighlighting
    def self.language_supported?(_) = false
  end
end
%w(helpers/url wiki_formatting/links_helper wiki_formatting/textile/redcloth3
   wiki_formatting/textile/formatter).each { |part| require './lib/redmine/' + part }
texts = JSON.parse(STDIN.read)
puts JSON.generate(texts.map { |text| Redmine::WikiFormatting::Textile::Formatter.new(text).to_html })
";

/// Whether it is missing and can be installed. Elsewhere its tests say why they are skipped.
pub(super) fn is_wanted() -> bool {
    is_missing() && debian::is_here()
}

fn is_missing() -> bool {
    !Path::new(INSTALLED).is_file() || !run::exists("puma")
}

pub(super) fn install() -> Result<()> {
    debian::preseed(&[
        "redmine redmine/instances/default/dbconfig-install boolean true",
        "redmine redmine/instances/default/database-type select sqlite3",
        "redmine redmine/instances/default/default-language select en",
    ])?;
    debian::install(&["redmine", "redmine-sqlite", "puma"], &[BUNDLER])
}

/// A running Redmine on loopback with a database of its own; ends when dropped.
#[derive(Debug)]
pub struct Redmine {
    /// `http://127.0.0.1:PORT`.
    pub url: String,
    server: Child,
    // Holds the database and the log; removed after the server has ended.
    folder: TempDir,
}

impl Redmine {
    /// The administrator's API key: Twinline's account in tests.
    pub const KEY: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    /// A person's API key: edits made as `mia`.
    pub const PERSON_KEY: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
    /// The API key of `noel`, who may not make notes private.
    pub const NARROW_KEY: &str = "cccccccccccccccccccccccccccccccccccccccc";
    /// The API key of `agnes`, an administrator whose memberships show her nothing private.
    pub const AGENT_KEY: &str = "dddddddddddddddddddddddddddddddddddddddd";
    /// The login of [`Self::AGENT_KEY`].
    pub const AGENT: &str = "agnes";
    /// Somebody's login who is no member.
    pub const STRANGER: &str = "zoe";
    /// The identifier of a second project.
    pub const OTHER_PROJECT: &str = "other";
    /// The project's identifier.
    pub const PROJECT: &str = "twin";

    /// Whether a test that needs one can run. Where it cannot, the test says that it is skipped and ends.
    ///
    /// # Panics
    /// When the suite has installed what it needs, this machine has Debian's packages, and Redmine is missing.
    pub fn can_run() -> bool {
        twinline_sim::debian::met(!is_missing(), "a real Redmine")
    }

    /// What its Textile formatter makes of texts: a piece of HTML for each.
    ///
    /// # Errors
    /// Its formatter cannot be run, or fails.
    pub fn formatted(texts: &[String]) -> Result<Vec<String>> {
        let folder = TempDir::new().context("making a folder for texts")?;
        let (script, input) = (folder.path().join("f.rb"), folder.path().join("texts"));
        fs::write(&script, FORMATTER).context("writing the formatter's script")?;
        fs::write(&input, serde_json::to_vec(texts)?).context("writing the texts")?;
        let output = Command::new("ruby")
            .arg(&script)
            .current_dir(APPLICATION)
            .stdin(fs::File::open(&input).context("reading the texts")?)
            .output()
            .context("running Redmine's formatter")?;
        if !output.status.success() {
            bail!("the formatter: {}", String::from_utf8_lossy(&output.stderr));
        }
        serde_json::from_slice(&output.stdout).context("reading what the formatter made")
    }

    /// Starts one on a fresh copy of the seeded database. It serves some seconds later: ask it until it answers.
    pub fn start() -> Result<Self> {
        Self::start_in(TempDir::new().context("making a folder for Redmine")?, None)
    }

    /// The same, with a clock that [`Self::set_ahead`] moves.
    pub fn start_with_clock() -> Result<Self> {
        let folder = TempDir::new().context("making a folder for Redmine")?;
        let script = folder.path().join("clock.rb");
        fs::write(&script, CLOCK).context("writing Redmine's clock")?;
        set_ahead(folder.path(), Duration::ZERO)?;
        Self::start_in(folder, Some(&script))
    }

    /// Moves its clock so far ahead of this machine's; for one that was started with a clock.
    pub fn set_ahead(&self, ahead: Duration) -> Result<()> {
        set_ahead(self.folder.path(), ahead)
    }

    fn start_in(folder: TempDir, clock: Option<&Path>) -> Result<Self> {
        let seeded = seeded_database()?;
        let database = folder.path().join("redmine.db");
        fs::copy(&seeded, &database).context("copying the seeded database")?;
        let settings = folder.path().join("puma.rb");
        fs::write(&settings, SETTINGS).context("writing puma's settings")?;
        // It inherits the listener as its standard input: nobody else can take the port while it starts, and who asks
        // early waits instead of being refused.
        let listener = TcpListener::bind("127.0.0.1:0").context("taking a port for Redmine")?;
        let port = listener.local_addr().context("asking for the port")?.port();
        let bind = format!("tcp://127.0.0.1:{port}");
        let mut puma = Command::new("puma");
        puma.arg("-C")
            .arg(&settings)
            .args(["-b", &bind, "config.ru"])
            .env("PUMA_INHERIT_0", format!("0:{bind}"));
        if let Some(clock) = clock {
            puma.env("RUBYOPT", format!("-r{}", clock.display()))
                .env("TEST_CLOCK", folder.path().join("clock"));
        }
        let log =
            fs::File::create(folder.path().join("puma.log")).context("making Redmine's log")?;
        let server = rails(&mut puma, &database)
            .stdin(OwnedFd::from(listener))
            .stdout(log.try_clone().context("doubling Redmine's log")?)
            .stderr(log)
            .spawn()
            .context("starting puma")?;
        Ok(Self {
            url: format!("http://127.0.0.1:{port}"),
            server,
            folder,
        })
    }

    /// Waits until it answers.
    ///
    /// # Errors
    /// The server ended, with its last words, or does not answer in time.
    pub async fn serves(&mut self) -> Result<()> {
        // A second call finds the provider installed.
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = reqwest::Client::new();
        let deadline = Instant::now() + START_MAX;
        let mut pause = tokio::time::interval(Duration::from_millis(100));
        loop {
            let asked = client.get(format!("{}/users/current.json", self.url));
            let asked = asked.header("X-Redmine-API-Key", Self::KEY).send().await;
            if asked.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            if !matches!(self.server.try_wait(), Ok(None)) {
                bail!("puma ended: {}", self.log());
            }
            if Instant::now() >= deadline {
                bail!(
                    "Redmine does not answer within {START_MAX:?}: {}",
                    self.log()
                );
            }
            pause.tick().await;
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("puma.log")).unwrap_or_default()
    }
}

impl Drop for Redmine {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // Whether it had ended by itself, and what it said last, tells a failure of the test from one of the server.
            let state = self.server.try_wait();
            say(&format!(
                "Redmine, as the test failed: {state:?}\n{}",
                self.log()
            ));
        }
        // Already gone is as good as killed.
        drop(self.server.kill());
        drop(self.server.wait());
    }
}

fn set_ahead(folder: &Path, ahead: Duration) -> Result<()> {
    // Replaced at once: the server reads it at any time.
    let (new, file) = (folder.join("clock.new"), folder.join("clock"));
    fs::write(&new, ahead.as_secs_f64().to_string()).context("writing Redmine's time")?;
    fs::rename(&new, &file).context("setting Redmine's time")
}

/// The seeded database, made once for this seed; of several tests that ask at the same time, one makes it.
fn seeded_database() -> Result<PathBuf> {
    let folder = testdata().join("redmine");
    fs::create_dir_all(&folder).context("making target/testdata/redmine")?;
    let turn = fs::File::create(folder.join("lock")).context("making the seed's lock")?;
    turn.lock().context("waiting for the seed")?;
    let digest = twinline_core::digest::Digest::of_bytes(SEED.as_bytes());
    let ready = folder.join(format!("{digest}.db"));
    if ready.is_file() {
        return Ok(ready);
    }
    let scratch = TempDir::new_in(&folder).context("making a scratch folder")?;
    let (database, script) = (
        scratch.path().join("seed.db"),
        scratch.path().join("seed.rb"),
    );
    fs::copy(INSTALLED, &database).with_context(|| format!("copying {INSTALLED}"))?;
    fs::write(&script, SEED).context("writing the seed")?;
    let mut runner = Command::new("bundle");
    run::quietly(rails(
        runner.args(["exec", "rails", "runner"]).arg(&script),
        &database,
    ))?;
    fs::rename(&database, &ready).context("keeping the seeded database")?;
    Ok(ready)
}

/// Runs a command of the application on a given database.
fn rails<'a>(command: &'a mut Command, database: &Path) -> &'a mut Command {
    command
        .current_dir(APPLICATION)
        .env("RAILS_ENV", "production")
        .env(BUNDLER.0, BUNDLER.1)
        // Several threads write: one waits for the other as long as Debian's own configuration lets it.
        .env(
            "DATABASE_URL",
            format!("sqlite3:{}?timeout=5000", database.display()),
        )
}
