//! One connection, with what its server warned of. Destroying it closes the socket, whatever the server is doing.

use super::error::CentralError;
use super::state::Server;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::AbortHandle;
use tokio_postgres::error::SqlState;
use tokio_postgres::{AsyncMessage, Client, Connection};

/// A connection. Clones are the same one; the socket is closed with the last of them, or by [`Session::destroy`].
#[derive(Clone)]
pub(super) struct Session {
    inner: Arc<Inner>,
}

struct Inner {
    client: Client,
    warnings: Warnings,
    driver: AbortHandle,
    generation: u64,
    server: Server,
}

/// The last warning that the server sent without being asked.
pub(super) type Warnings = Arc<Mutex<Option<String>>>;

impl Drop for Inner {
    fn drop(&mut self) {
        // The driver owns the socket.
        self.driver.abort();
    }
}

impl Session {
    pub(super) fn new(
        client: Client,
        warnings: Warnings,
        driver: AbortHandle,
        generation: u64,
        server: Server,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                client,
                warnings,
                driver,
                generation,
                server,
            }),
        }
    }

    pub(super) fn client(&self) -> &Client {
        &self.inner.client
    }

    pub(super) fn server(&self) -> &Server {
        &self.inner.server
    }

    /// Whether it may be used by another caller.
    pub(super) fn is_usable(&self, generation: u64) -> bool {
        !self.inner.client.is_closed() && self.inner.generation == generation
    }

    /// Closes the socket now.
    pub(super) fn destroy(&self) {
        self.inner.driver.abort();
    }

    /// Takes what the server warned of since the last call.
    pub(super) fn take_warning(&self) -> Option<String> {
        self.inner
            .warnings
            .lock()
            .expect("no code panics with this lock")
            .take()
    }
}

/// Moves messages until the connection ends. A warning is kept before the answer that follows it is handed out, so that
/// who has the answer finds it: a commit that was cancelled while it waited for a standby answers success after a warning.
pub(super) async fn drive<S, T>(mut connection: Connection<S, T>, warnings: Warnings)
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        let message = std::future::poll_fn(|cx| connection.poll_message(cx)).await;
        match message {
            Some(Ok(AsyncMessage::Notice(notice))) => {
                // The field that is not translated: https://www.postgresql.org/docs/15/protocol-error-fields.html
                if notice.code() == &SqlState::WARNING || notice.severity() == "WARNING" {
                    *warnings.lock().expect("no code panics with this lock") =
                        Some(notice.message().to_owned());
                }
            }
            Some(Ok(_)) => {}
            Some(Err(error)) => {
                tracing::debug!(%error, "a connection to the central database ended");
                return;
            }
            None => return,
        }
    }
}

/// What a failure of the protocol means before a commit was sent.
pub(super) fn fault(error: &tokio_postgres::Error) -> CentralError {
    match error.as_db_error() {
        // A demoted primary, or one that was made read-only: its connections outlive its office.
        Some(said) if said.code() == &SqlState::READ_ONLY_SQL_TRANSACTION => {
            CentralError::NoWriter(said.message().to_owned())
        }
        Some(said) => CentralError::Refused {
            sqlstate: said.code().code().to_owned(),
            message: said.message().to_owned(),
        },
        None => CentralError::Lost(words(error)),
    }
}

/// Whether the connection can be used after this failure: the server answered and goes on.
pub(super) fn leaves_connection(error: &CentralError) -> bool {
    // Class 57 are the operator's interventions; of those a cancelled statement alone leaves the connection.
    matches!(error, CentralError::Refused { sqlstate, .. }
        if sqlstate == "57014" || !["57", "08", "XX", "58"].contains(&&sqlstate[..2]))
}

/// An error with its causes, which tokio-postgres leaves out of its own words.
pub(super) fn words(error: &(dyn std::error::Error + 'static)) -> String {
    let mut all = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !all.contains(&cause_text) {
            all.push_str(": ");
            all.push_str(&cause_text);
        }
        next = cause.source();
    }
    all
}
