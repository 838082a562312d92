//! The API's description: made from the very routes that are served, so that neither has what the other lacks.
//!
//! `docs/specs/openapi.json` is this document as it was last looked at by a person; a test holds the two together.

use super::{Api, deeds, fleet, linkable, metrics, read, rules, stream};
use axum::Json;
use std::sync::Arc;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, OpenApi, Required};
use utoipa::{OpenApi as _, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What all operations have in common.
const ABOUT: &str = "What the command line speaks with a host. Every answer tells in `twinline-status` what the status \
                     page says, where a watch is configured: `none`, `maintenance`, `minor`, `major`, `critical` \
                     with a `description`, or `unknown`.";

/// Problem details, RFC 9457.
#[derive(ToSchema)]
#[expect(dead_code, reason = "a shape that is described, not made")]
pub(crate) struct Fault {
    /// `about:blank`.
    r#type: String,
    /// What kind of mistake it is.
    title: String,
    /// The status code.
    status: u16,
    /// What is wrong with which thing, and the way out.
    detail: String,
}

#[derive(utoipa::OpenApi)]
#[openapi(components(schemas(Fault)))]
struct Shapes;

/// The operations under `/v1`, which want the token.
pub(super) fn operations() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(read::status))
        .routes(routes!(read::nodes))
        .routes(routes!(deeds::pause))
        .routes(routes!(deeds::resume))
        .routes(routes!(read::connections))
        .routes(routes!(read::twins))
        .routes(routes!(read::twin, deeds::unlink))
        .routes(routes!(read::history))
        .routes(routes!(read::audit))
        .routes(routes!(read::errors))
        .routes(routes!(deeds::retry))
        .routes(routes!(deeds::release))
        .routes(routes!(deeds::link))
        .routes(routes!(linkable::linkable))
        .routes(routes!(read::backfills, deeds::backfill))
        .routes(routes!(read::one_backfill))
        .routes(routes!(deeds::pause_backfill))
        .routes(routes!(deeds::resume_backfill))
        .routes(routes!(deeds::cancel_backfill))
        .routes(routes!(rules::check))
        .routes(routes!(rules::versions))
        .routes(routes!(rules::plan))
        .routes(routes!(rules::publish))
        .routes(routes!(rules::rollback))
        .routes(routes!(deeds::sweep))
        .routes(routes!(deeds::backup))
        .routes(routes!(fleet::whole))
        .routes(routes!(fleet::machine))
        .routes(routes!(fleet::drain))
        .routes(routes!(fleet::undrain))
        .routes(routes!(fleet::restart))
        .routes(routes!(fleet::move_node))
        .routes(routes!(fleet::unpin))
        .routes(routes!(stream::events))
}

/// The operations that want no token: what monitoring reads.
pub(super) fn open_operations() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(metrics::health))
        .routes(routes!(metrics::metrics))
        .routes(routes!(metrics::proofs))
        .routes(routes!(described))
}

/// The whole description.
pub(super) fn document() -> OpenApi {
    let mut v1 = operations().into_openapi();
    for item in v1.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.post, &mut item.delete];
        for operation in operations.into_iter().flatten() {
            let none: [&str; 0] = [];
            operation.security = Some(vec![SecurityRequirement::new("token", none)]);
        }
        if let Some(post) = &mut item.post {
            post.parameters
                .get_or_insert_default()
                .push(idempotency_key().into());
        }
    }
    let mut document = Shapes::openapi();
    document.info = InfoBuilder::new()
        .title("Twinline's local API")
        .version("1")
        .description(Some(ABOUT))
        .build();
    document.merge(open_operations().into_openapi());
    let mut document = document.nest("/v1", v1);
    let token = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "The installation's token: run/token of the data folder.",
        ))
        .build();
    document
        .components
        .get_or_insert_with(|| ComponentsBuilder::new().build())
        .add_security_scheme("token", SecurityScheme::Http(token));
    document
}

/// The header that makes a repeated POST be done once.
fn idempotency_key() -> Parameter {
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "At most 200 bytes. A POST that is repeated with the same key and body is done once and answered alike.",
        ))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .build()
}

#[utoipa::path(get, path = "/openapi.json", summary = "This description",
    responses((status = 200, description = "OpenAPI 3.1", body = Object)))]
pub(super) async fn described() -> Json<OpenApi> {
    Json(document())
}
