//! The answer where no route of the API is: a page of the dashboard, else 404, or 405 where the path exists for other
//! methods.

use actix_web::dev::ResourceDef;
use actix_web::http::Method;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use utoipa::openapi::OpenApi;

use crate::api_error::{ApiError, Code};
use crate::dashboard::Dashboard;
use crate::openapi::Documentation;

/// The paths of the document with the methods that each takes.
pub(crate) struct Routes(Vec<(ResourceDef, Vec<Method>)>);

impl Routes {
    pub(crate) fn of(document: &OpenApi) -> Self {
        let routes = document.paths.paths.iter().map(|(path, item)| {
            let methods = [
                (&item.get, Method::GET),
                (&item.put, Method::PUT),
                (&item.post, Method::POST),
                (&item.patch, Method::PATCH),
                (&item.delete, Method::DELETE),
            ];
            let methods = methods.into_iter().filter(|(operation, _)| operation.is_some()).map(|(_, method)| method);
            (ResourceDef::new(path.as_str()), methods.collect())
        });
        Self(routes.collect())
    }

    fn methods(&self, path: &str) -> Option<String> {
        let (_, methods) = self.0.iter().find(|(route, _)| route.is_match(path))?;
        Some(methods.iter().map(Method::as_str).collect::<Vec<_>>().join(", "))
    }
}

pub(crate) async fn answer(
    request: HttpRequest,
    documentation: Data<Documentation>,
    dashboard: Data<Dashboard>,
) -> Result<HttpResponse, ApiError> {
    if !request.path().starts_with("/api/")
        && let Some(page) = dashboard.answer(&request)
    {
        return Ok(page);
    }
    match documentation.routes().methods(request.path()) {
        Some(allow) => Err(ApiError::method_not_allowed(allow)),
        None => Err(ApiError::new(Code::NoSuchRoute, "there is nothing at this path")),
    }
}
