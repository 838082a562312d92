//! Pages of a list, with the `Link` header (docs.github.com, "Using pagination in the REST API").

use super::Github;
use super::routes::Ask;
use crate::call;
use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::Value;

const DEFAULT_PER_PAGE: usize = 30;
const MAX_PER_PAGE: usize = 100;

/// Which page a caller wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) number: usize,
    pub(super) size: usize,
}

impl Page {
    pub(super) fn of(ask: &Ask<'_>) -> Self {
        let param = |name| {
            ask.call
                .param(name)
                .and_then(|text: &str| text.parse().ok())
        };
        Self {
            number: param("page").filter(|page| *page > 0).unwrap_or(1),
            size: param("per_page")
                .filter(|size| *size > 0)
                .unwrap_or(DEFAULT_PER_PAGE)
                .min(MAX_PER_PAGE),
        }
    }

    /// The page's part of a whole list.
    pub(super) fn cut<T>(self, all: Vec<T>) -> Vec<T> {
        let skip = (self.number - 1).saturating_mul(self.size);
        all.into_iter().skip(skip).take(self.size).collect()
    }
}

impl Github {
    /// Answers with one page of `all`, rendering only what is shown.
    pub(super) fn paged<T>(
        &self,
        ask: &Ask<'_>,
        all: Vec<T>,
        show: impl FnMut(T) -> Value,
    ) -> Response<Bytes> {
        let page = Page::of(ask);
        let total = all.len();
        let body: Value = page.cut(all).into_iter().map(show).collect();
        let mut response = call::json(StatusCode::OK, &body);
        self.set_link(ask, page, total, &mut response);
        response
    }

    pub(super) fn set_link(
        &self,
        ask: &Ask<'_>,
        page: Page,
        total: usize,
        response: &mut Response<Bytes>,
    ) {
        let last = total.div_ceil(page.size).max(1);
        let mut links = Vec::new();
        if page.number > 1 {
            links.push(("prev", (page.number - 1).min(last)));
        }
        if page.number < last {
            links.push(("next", page.number + 1));
            links.push(("last", last));
        }
        if page.number > 1 {
            links.push(("first", 1));
        }
        if links.is_empty() {
            return;
        }
        let each = links.into_iter().map(|(rel, number)| {
            format!(
                "<{}>; rel=\"{rel}\"",
                self.address_with(ask, "page", &number.to_string())
            )
        });
        call::set(response, "link", &each.collect::<Vec<_>>().join(", "));
    }

    /// The request's own address with one parameter set.
    pub(super) fn address_with(&self, ask: &Ask<'_>, name: &str, value: &str) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (key, old) in ask.call.query.iter().filter(|(key, _)| key != name) {
            query.append_pair(key, old);
        }
        query.append_pair(name, value);
        format!(
            "{}/{}?{}",
            self.base,
            ask.call.segments.join("/"),
            query.finish()
        )
    }
}
