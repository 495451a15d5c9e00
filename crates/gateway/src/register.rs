//! Where handlers are registered: to be served, or to be described as well. A daemon serves without building the
//! description of what it serves, which would cost each worker some megabytes and milliseconds.

use actix_web::dev::HttpServiceFactory;
use actix_web::web;
use utoipa_actix_web::{OpenApiFactory, scope, service_config};

/// Takes handlers, in the order in which they are tried.
pub(crate) trait Register: Sized {
    fn service(&mut self, handler: impl HttpServiceFactory + OpenApiFactory + 'static) -> &mut Self;

    /// Handlers whose paths begin with `path`.
    fn scope(&mut self, path: &str, handlers: impl FnOnce(&mut Self::Inner<'_>)) -> &mut Self;

    /// What takes the handlers of a scope.
    type Inner<'s>: Register;
}

/// Serves.
impl Register for web::ServiceConfig {
    type Inner<'s> = Self;

    fn service(&mut self, handler: impl HttpServiceFactory + OpenApiFactory + 'static) -> &mut Self {
        Self::service(self, handler)
    }

    fn scope(&mut self, path: &str, handlers: impl FnOnce(&mut Self)) -> &mut Self {
        Self::service(self, web::scope(path).configure(handlers))
    }
}

/// Describes.
impl Register for service_config::ServiceConfig<'_> {
    type Inner<'s> = service_config::ServiceConfig<'s>;

    fn service(&mut self, handler: impl HttpServiceFactory + OpenApiFactory + 'static) -> &mut Self {
        Self::service(self, handler)
    }

    fn scope(&mut self, path: &str, handlers: impl FnOnce(&mut Self::Inner<'_>)) -> &mut Self {
        Self::service(self, scope::scope(path).configure(|config| handlers(config)))
    }
}
