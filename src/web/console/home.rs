//! `GET /`: the city for whoever sees all of it, his units for anybody else.

use super::data::{City, Console};
use super::outlook::Look;
use super::page::{Page, shown};
use super::today::{self, Today};
use super::{Asked, ConsoleError, overview, unit};
use crate::people::{Act, On};
use askama::Template;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    page: Page,
    units: Vec<(String, String)>,
    /// What asks for the reader himself.
    notices: Vec<(String, String)>,
    today: Today,
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
            let (page, today) = of_all(console, asked, &city, page).await?;
            Ok(Home { page, units, notices, today }.render()?)
        }
    }
}

/// What to know and do first over all his units; each unit's page has its own lists and map.
async fn of_all(console: &Console, asked: &Asked, city: &Arc<City>, page: Page) -> Result<(Page, Today), ConsoleError> {
    let (now, boxes) = tokio::try_join!(console.campaigns_now(city), console.boxes(city))?;
    let page = page.of_figures(console, now.made(), now.newer).of_figures(console, Some(boxes.made), boxes.newer);
    let (look, sight, at) = (Look { boxes: &boxes, now: &now }, asked.sight(city, console)?, console.today());
    let facts = today::Facts { city, now: &now, look: &look, at, offset: console.offset };
    let seen = city.directory.screens().filter(|s| s.in_service.contains(at.1) && sight.screen(s));
    let scope = today::Scope { screens: seen.collect(), top: None, whole: false, sight: &sight };
    Ok((page, today::view(asked, &facts, &scope, today::own(console, asked).await?)))
}
