//! Every route.

use crate::app::App;
use crate::central;
use crate::elsewhere;
use crate::place::{Place, Service};
use crate::scheduling::{lend, search};
use crate::services::audit::{arrive, look};
use crate::services::billing::{
    bills, books, counter, credit_notes, days, desk as desk_bills, exceptions, export, prices,
    supplements,
};
use crate::services::console::{oidc, sign_in};
use crate::services::emergency::{keys, openings, review, summaries};
use crate::services::insurance::{answers, claims, coverage, excess, list as claim_list};
use crate::services::payments::{
    charge, desk as desk_receipts, drawers, hand_out, refunds, settlements, spend, take, told,
    watch,
};
use crate::services::{console, devices, fhir, health, identity, orders, staff};
use crate::session::BODY_BYTES;
use crate::sync::{bootstrap, digest, feed, held, line, lineage, live, push};
use crate::web;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::routing::{any, get};
use axum::{Router, middleware};
use shared::access::calls;
use std::time::Duration;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::OpenApi;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};
use utoipa_axum::routes;

#[derive(OpenApi)]
#[openapi(
    info(title = "Wardbook hub", description = "A hospital ward record that keeps working without the network.", license(name = "Apache-2.0", identifier = "Apache-2.0")),
    tags(
        (name = "sync", description = "Changes in and out, signed by a device"),
        (name = "identity", description = "Who may call"),
        (name = "console", description = "Central staff in a browser"),
        (name = "gateways", description = "Who takes money for the hospital, signed"),
        (name = "health", description = "For those who run the hub"),
    )
)]
struct About;

/// Returns the routes of this process with their descriptions. Those of other services are passed on, where it is known to whom.
fn described(place: &Place) -> OpenApiRouter<App> {
    let of_services = [
        (Service::Records, of_records()),
        (Service::Billing, of_billing()),
        (Service::Payments, of_payments()),
    ];
    let begun = OpenApiRouter::with_openapi(About::openapi());
    let begun = of_every_process()
        .into_iter()
        .fold(begun, |router, route| router.routes(declared(route)));
    of_services
        .into_iter()
        .fold(begun, |router, (service, routes)| {
            let routes = routes.into_iter().map(declared);
            if place.has(service) {
                return routes.fold(router, OpenApiRouter::routes);
            }
            if place.elsewhere().is_none() {
                return router;
            }
            routes.fold(router, |router, (schemas, paths, _)| {
                router.routes((schemas, paths, any(elsewhere::pass_on)))
            })
        })
}

/// Returns the routes about the record, and of everybody who works with it.
fn of_records() -> Vec<UtoipaMethodRouter<App>> {
    let mut every = vec![
        routes!(push::push),
        routes!(feed::feed),
        routes!(live::live),
        routes!(bootstrap::bootstrap),
        routes!(bootstrap::segment),
        routes!(staff::reference),
        routes!(search::free),
        routes!(lend::lent),
        routes!(digest::digest),
        routes!(held::held),
        routes!(line::standing),
        routes!(lineage::lineage),
        routes!(lineage::missing),
        routes!(summaries::summaries),
        routes!(keys::keys),
        routes!(openings::arrive),
        routes!(review::at_desk),
        routes!(console::door::door),
        routes!(console::live::live),
        routes!(console::staff::reference),
        routes!(console::held::list),
        routes!(console::held::one),
        routes!(console::held::decide),
        routes!(console::devices::list),
        routes!(console::devices::approve),
        routes!(console::orders::device),
        routes!(console::hours::change),
        routes!(console::overview::figures),
        routes!(console::overview::visits),
        routes!(console::notices::list),
        routes!(console::notices::said),
        routes!(console::audit::search),
        routes!(console::audit::look),
        routes!(console::emergency::list),
        routes!(console::emergency::review),
        routes!(arrive::key),
        routes!(arrive::arrive),
        routes!(look::look),
        routes!(identity::numbers),
        routes!(identity::enrol),
        routes!(identity::sign_in),
        routes!(sign_in::sign_in),
        routes!(sign_in::sign_out),
        routes!(sign_in::me),
        routes!(oidc::begin),
        routes!(oidc::back),
        routes!(devices::certificate),
        routes!(devices::state),
        routes!(orders::status),
        routes!(orders::wiped),
        routes!(console::health::report),
        routes!(console::health::file),
        routes!(console::events::list),
        routes!(console::events::again),
    ];
    every.extend(decisions());
    every.extend(administration());
    every
}

/// Returns the routes about what is owed.
fn of_billing() -> Vec<UtoipaMethodRouter<App>> {
    vec![
        routes!(desk_bills::of_ward),
        routes!(bills::list),
        routes!(bills::void),
        routes!(counter::search),
        routes!(counter::one),
        routes!(counter::account),
        routes!(credit_notes::credit),
        routes!(supplements::add),
        routes!(books::trial),
        routes!(books::account),
        routes!(console::overview::takings),
        routes!(exceptions::list),
        routes!(exceptions::settle),
        routes!(exceptions::look),
        routes!(export::export),
        routes!(days::list),
        routes!(days::one),
        routes!(days::close),
        routes!(coverage::list),
        routes!(coverage::add),
        routes!(coverage::end),
        routes!(excess::settle),
        routes!(claims::make),
        routes!(claims::act),
        routes!(answers::answer),
        routes!(answers::paid),
        routes!(claim_list::list),
        routes!(claim_list::one),
        routes!(prices::list, prices::set),
    ]
}

/// Returns the routes about money that comes in and goes back.
fn of_payments() -> Vec<UtoipaMethodRouter<App>> {
    vec![
        routes!(desk_receipts::arrive),
        routes!(take::pay),
        routes!(spend::pay),
        routes!(watch::list, charge::charge),
        routes!(watch::cancel),
        routes!(told::hear),
        routes!(refunds::list, refunds::ask),
        routes!(refunds::agree),
        routes!(hand_out::hand_out),
        routes!(drawers::list),
        routes!(drawers::count),
        routes!(settlements::list, settlements::import),
    ]
}

/// Returns the routes about what was decided without asking anybody.
fn decisions() -> [UtoipaMethodRouter<App>; 9] {
    [
        routes!(console::conflicts::list),
        routes!(console::conflicts::one),
        routes!(console::conflicts::settle),
        routes!(console::conflicts::undo),
        routes!(console::conflicts::own),
        routes!(console::merging::pair),
        routes!(console::merging::merge),
        routes!(console::merging::part),
        routes!(fhir::find),
    ]
}

/// Returns the routes about who works here and where, and about one's own account.
fn administration() -> [UtoipaMethodRouter<App>; 11] {
    [
        routes!(console::staff::list, console::people::add),
        routes!(console::people::change),
        routes!(console::people::reset),
        routes!(console::orders::staff_active),
        routes!(console::places::list),
        routes!(console::places::ward),
        routes!(console::places::department),
        routes!(console::settings::read, console::settings::choose),
        routes!(console::account::offer),
        routes!(console::account::confirm),
        routes!(console::account::password),
    ]
}

/// Returns the routes by which each process says how it is.
fn of_every_process() -> [UtoipaMethodRouter<App>; 3] {
    [
        routes!(health::is_live),
        routes!(health::is_ready),
        routes!(health::figures),
    ]
}

/// Lets a route through that says in `shared::access::calls` what it needs; the hub does not start with another.
fn declared(route: UtoipaMethodRouter<App>) -> UtoipaMethodRouter<App> {
    for (path, item) in &route.1.paths {
        let methods = [
            ("get", &item.get),
            ("post", &item.post),
            ("put", &item.put),
            ("delete", &item.delete),
            ("patch", &item.patch),
        ];
        for (method, _) in methods.into_iter().filter(|(_, on)| on.is_some()) {
            let needs = calls::of_route(method, path);
            needs.expect("every route says in shared::access::calls what it needs");
        }
    }
    route
}

/// Answers what no route takes: the screens of the console, which are the same for everybody.
async fn screen(
    State(app): State<App>,
    method: Method,
    uri: Uri,
    asked: HeaderMap,
) -> axum::response::Response {
    app.screens.answer(&method, &uri, &asked)
}

/// How long the body of a call may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(30);

/// Returns the hub's router.
pub fn router(app: App) -> Router {
    router_within(app, BODY_TIME)
}

/// The same for bodies that may take so long.
pub fn router_within(app: App, body_time: Duration) -> Router {
    health::recorder();
    let (routes, mut openapi) = described(&app.place).split_for_parts();
    let device = ApiKeyValue::with_description(
        "authorization",
        "`Device <id>.<ms>.<signature>`: Ed25519 over method, path, time and body",
    );
    let cookie = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(central::COOKIE)));
    openapi
        .components
        .get_or_insert_default()
        .add_security_scheme("device", SecurityScheme::ApiKey(ApiKey::Header(device)));
    openapi
        .components
        .get_or_insert_default()
        .add_security_scheme("console", cookie);
    let document = openapi.to_json().unwrap_or_default();
    routes
        .route(
            "/openapi.json",
            get(move || async move { ([(header::CONTENT_TYPE, "application/json")], document) }),
        )
        .method_not_allowed_fallback(async || StatusCode::METHOD_NOT_ALLOWED)
        .fallback(screen)
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(CatchPanicLayer::custom(web::on_panic))
        .layer(middleware::from_fn(web::keep_private))
        .layer(middleware::from_fn(move |request: Request, next: Next| {
            web::in_time(body_time, request, next)
        }))
        .layer(middleware::from_fn(web::observe))
        .with_state(app)
}
