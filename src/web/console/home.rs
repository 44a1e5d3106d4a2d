//! `GET /`: the city for whoever sees all of it, his units for anybody else.

use super::data::Console;
use super::page::{Page, shown};
use super::{Asked, ConsoleError, overview, unit};
use crate::people::{Act, On};
use askama::Template;

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    page: Page,
    units: Vec<(String, String)>,
    /// What asks for the reader himself.
    notices: Vec<(String, String)>,
}

/// The page.
pub(super) async fn show(console: &Console, asked: &Asked) -> Result<String, ConsoleError> {
    let (caller, city, (_, today)) = (asked.caller()?, console.city().await?, console.today());
    if caller.may(Act::View, On::City, &city.directory, today).is_ok() {
        return overview::show(console, asked).await;
    }
    match caller.units(&city.directory, today)[..] {
        [one] => unit::show(console, asked, one.code.as_str()).await,
        ref units => {
            let units = units.iter().map(|u| (shown(&u.name), format!("/units/{}", u.code))).collect();
            let page = Page::new(console, asked, asked.lang.text("home-title"));
            let notices = super::notices::gather(console, asked).await?;
            Ok(Home { page, units, notices }.render()?)
        }
    }
}
