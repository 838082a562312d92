//! The server: one request in, one answer out.

use super::answer::{Answer, Made, finish, moved, options};
use super::cache::Cache;
use super::desk::{Desk, Offered, Refused, Subscriptions};
use super::document::{Scene, render};
use super::fault::{Fault, wants_problem};
use super::limits::Limits;
use super::place::Place;
use super::settings::Settings;
use super::shown::Shown;
use super::{acknowledging, reporting, subscribing, tenants};
use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use http::{HeaderMap, Method, header, uri};
use std::sync::Arc;
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;
use twinline_core::handles::Clock;
use url::Url;

/// The public side of a status page, as a router that answers all paths.
///
/// It shows what `shown` holds, and never waits for the driver to do so. `clock` tells whether that is old. Who asks is
/// read from the extension [`Caller`](super::Caller), and where there is none from axum's `ConnectInfo<SocketAddr>`.
/// Without `subscriptions` nobody can subscribe but to the feeds.
pub fn router(
    shown: watch::Receiver<Arc<Shown>>,
    desk: Arc<dyn Desk>,
    subscriptions: Option<Arc<dyn Subscriptions>>,
    clock: Arc<dyn Clock>,
    settings: Settings,
) -> Router {
    let now = Instant::now();
    let site = Site {
        shown,
        desk,
        subscriptions,
        clock,
        settings,
        reports: Limits::new(settings.reports_of_one, settings.reports_of_all, now),
        asks: Limits::new(
            settings.subscriptions_of_one,
            settings.subscriptions_of_all,
            now,
        ),
        tenants: Limits::new(settings.tenants_of_one, settings.tenants_of_all, now),
        calls: Semaphore::new(settings.desk_calls_max),
        cache: Cache::default(),
    };
    Router::new().fallback(serve).with_state(Arc::new(site))
}

/// All that an answer is made from.
pub(super) struct Site {
    shown: watch::Receiver<Arc<Shown>>,
    pub(super) desk: Arc<dyn Desk>,
    subscriptions: Option<Arc<dyn Subscriptions>>,
    clock: Arc<dyn Clock>,
    pub(super) settings: Settings,
    /// How many reports are taken.
    pub(super) reports: Limits,
    /// How many requests of tenants are taken.
    pub(super) tenants: Limits,
    /// How many subscriptions are asked for.
    pub(super) asks: Limits,
    calls: Semaphore,
    cache: Cache,
}

/// What was asked for, and what is shown then.
pub(super) struct Asked<'a> {
    pub(super) shown: &'a Shown,
    pub(super) stale: bool,
    pub(super) offered: Offered,
    pub(super) base: Option<&'a Url>,
    pub(super) path: &'a str,
    pub(super) headers: &'a HeaderMap,
}

impl Asked<'_> {
    pub(super) fn scene(&self) -> Scene<'_> {
        Scene {
            shown: self.shown,
            base: self.base,
            stale: self.stale,
            offered: self.offered,
            exported: false,
        }
    }

    /// A fault in the way that the caller reads.
    pub(super) fn fault(&self, fault: &Fault) -> Answer {
        if wants_problem(self.path, self.headers) {
            fault.problem()
        } else {
            fault.page(&self.scene(), self.path)
        }
    }
}

impl Site {
    /// Asks the driver, within bounds.
    pub(super) async fn ask<T>(
        &self,
        asked: impl Future<Output = Result<T, Refused>>,
    ) -> Result<T, Refused> {
        let Ok(_place) = self.calls.try_acquire() else {
            return Err(Refused::Busy);
        };
        let answered = tokio::time::timeout(self.settings.desk_within, asked).await;
        answered.unwrap_or(Err(Refused::Busy))
    }

    fn offered(&self) -> Offered {
        let subscriptions = self.subscriptions.as_deref();
        subscriptions
            .map(Subscriptions::offered)
            .unwrap_or_default()
    }

    /// Where visitors subscribe, while they can.
    pub(super) fn subscriptions(&self) -> Option<&dyn Subscriptions> {
        let subscriptions = self.subscriptions.as_deref();
        subscriptions.filter(|it| it.offered().any())
    }

    fn document(&self, shown: &Arc<Shown>, asked: &Asked<'_>, place: &Place) -> Answer {
        // Those with whole addresses differ with the host that was asked, where none is configured.
        let is_kept =
            (shown.public_url.is_some() || !place.is_for_all_origins()) && !place.is_secret();
        let state = (asked.stale, asked.offered);
        let known = is_kept.then(|| self.cache.get(shown, state, place));
        if let Some(made) = known.flatten() {
            return made.answer(place, asked.headers);
        }
        match render(place, &asked.scene()) {
            Ok(Some(document)) => {
                let made = Made::new(document.media, document.body);
                if is_kept {
                    self.cache.put(shown, state, place, &made);
                }
                made.answer(place, asked.headers)
            }
            Ok(None) => asked.fault(&Fault::not_found()),
            Err(error) => asked.fault(&Fault::own(&error)),
        }
    }
}

async fn serve(State(site): State<Arc<Site>>, request: Request) -> Response {
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let headers = request.headers().clone();
    let place = Place::parse(&path);
    let shown = Arc::clone(&site.shown.borrow());
    let base = shown.public_url.clone();
    let base = base.or_else(|| asked_host(&request));
    let asked = Asked {
        stale: site.clock.now().since(shown.at) > site.settings.stale_after,
        offered: site.offered(),
        shown: &shown,
        base: base.as_ref(),
        path: &path,
        headers: &headers,
    };
    let answer = match (&method, &place) {
        (_, None) => unknown(&asked),
        (&Method::GET | &Method::HEAD, Some(Place::Acknowledge(token))) => {
            acknowledging::look(&site, &asked, token).await
        }
        (&Method::POST, Some(Place::Acknowledge(token))) => {
            acknowledging::acknowledge(&site, &asked, token).await
        }
        (&Method::GET | &Method::HEAD, Some(Place::Answer(id))) => {
            tenants::look(&site, &asked, request, id).await
        }
        (&Method::POST, Some(Place::Report)) if tenants::token(&request).is_some() => {
            tenants::take(&site, &asked, request).await
        }
        (&Method::POST, Some(Place::Report)) => reporting::take(&site, &asked, request).await,
        (&Method::POST, Some(Place::Subscribe)) => subscribing::ask(&site, &asked, request).await,
        (&Method::POST, Some(Place::Confirm(token))) => {
            subscribing::confirm(&site, &asked, token).await
        }
        (&Method::POST, Some(Place::Leave(token))) => {
            subscribing::leave(&site, &asked, token).await
        }
        (&Method::GET | &Method::HEAD, Some(place)) => site.document(&shown, &asked, place),
        (&Method::OPTIONS, Some(place)) => options(place),
        (_, Some(place)) => asked.fault(&Fault::method(place.methods())),
    };
    finish(answer, &method, place.as_ref())
}

/// Nothing is there; or it is, without the slash at the end.
fn unknown(asked: &Asked<'_>) -> Answer {
    let trimmed = asked.path.trim_end_matches('/');
    match Place::parse(trimmed) {
        Some(place) if trimmed != asked.path => {
            let up = "../".repeat(asked.path.matches('/').count() - 1);
            moved(&format!("{up}{}", place.path()))
        }
        _ => asked.fault(&Fault::not_found()),
    }
}

/// Where the page seems to be, from what was asked for.
fn asked_host(request: &Request) -> Option<Url> {
    let host = request.headers().get(header::HOST);
    let host = host.and_then(|it| it.to_str().ok());
    let host = host.or_else(|| request.uri().authority().map(uri::Authority::as_str))?;
    let authority: uri::Authority = host.parse().ok()?;
    let is_plain = !authority.as_str().contains('@');
    is_plain.then(|| Url::parse(&format!("http://{authority}/")).ok())?
}
