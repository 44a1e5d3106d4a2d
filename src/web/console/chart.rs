//! Bars drawn by `plotters`, as SVG in the page: its axes and steps are the library's, its colours those of the console's sheet,
//! so that they hold in the light and in the dark. A picture beside figures that stand in words or a table: it is never the only way to them.

use crate::lang::Lang;
use plotters::prelude::*;

/// Size in which it is drawn, px: as wide as a telephone shows, so that letters keep their size there.
const SIZE: (u32, u32) = (330, 170);
/// Size of letters, px.
const LETTERS: i32 = 12;
/// So many bars have each a label; of more, every third or so.
const LABELLED: usize = 8;
const LABELS: usize = 5;
/// Colours that `console.css` exchanges for its own.
const WHOLE: RGBColor = RGBColor(0xe3, 0xe7, 0xec);
const DONE: RGBColor = RGBColor(0x2b, 0x92, 0x56);
const SOFT: RGBColor = RGBColor(0x4d, 0x57, 0x66);
const LINE: RGBColor = RGBColor(0xd5, 0xda, 0xe1);

/// One bar: `done` of `whole`, both in the chart's unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// Under the bar.
    pub(super) label: String,
    pub(super) done: u64,
    pub(super) whole: u64,
}

/// A chart, and what it says in words for whom no picture is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chart {
    /// Of digits, the labels and the library's own elements: safe as it is.
    pub(super) svg: String,
    pub(super) said: String,
}

impl Chart {
    /// Bars from left to right; none when there is nothing to show, or when the library cannot draw it.
    pub(super) fn bars(lang: Lang, said: String, parts: &[Part]) -> Option<Self> {
        let most = parts.iter().map(|p| p.whole.max(p.done)).max().filter(|most| *most > 0)?;
        let mut svg = String::new();
        draw(lang, parts, most, &mut svg).inspect_err(|error| tracing::warn!(%error, "chart not drawn")).ok()?;
        Some(Self { svg, said })
    }
}

fn draw(lang: Lang, parts: &[Part], most: u64, svg: &mut String) -> Result<(), String> {
    let failed = |error: &dyn std::fmt::Display| error.to_string();
    let root = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    let letters = ("sans-serif", LETTERS).into_font().color(&SOFT);
    let mut chart = ChartBuilder::on(&root)
        .margin(8)
        .x_label_area_size(20)
        .y_label_area_size(46)
        .build_cartesian_2d((0..parts.len().saturating_sub(1)).into_segmented(), 0..most)
        .map_err(|e| failed(&e))?;
    let label = |at: &SegmentValue<usize>| match at {
        SegmentValue::CenterOf(i) => parts.get(*i).map(|p| p.label.clone()).unwrap_or_default(),
        SegmentValue::Exact(_) | SegmentValue::Last => String::new(),
    };
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(LINE)
        .axis_style(LINE)
        .label_style(letters)
        .x_labels(if parts.len() > LABELLED { LABELS } else { parts.len() })
        .x_label_formatter(&label)
        .y_labels(4)
        .y_label_formatter(&|n| lang.number(*n))
        .draw()
        .map_err(|e| failed(&e))?;
    let bar = |(i, n): (usize, u64), color: RGBColor| {
        let mut bar = Rectangle::new([(SegmentValue::Exact(i), 0), (SegmentValue::Exact(i + 1), n)], color.filled());
        bar.set_margin(0, 0, 2, 2);
        bar
    };
    let of = |n: fn(&Part) -> u64| parts.iter().map(n).enumerate();
    chart.draw_series(of(|p| p.whole).map(|at| bar(at, WHOLE))).map_err(|e| failed(&e))?;
    chart.draw_series(of(|p| p.done).map(|at| bar(at, DONE))).map_err(|e| failed(&e))?;
    root.present().map_err(|e| failed(&e))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(label: &str, done: u64, whole: u64) -> Part {
        Part { label: label.to_owned(), done, whole }
    }

    #[test]
    fn bars_stand_in_the_order_given_and_a_label_cannot_break_out() {
        let parts = [part("01/11", 5, 10), part("<b>&", 10, 10)];
        let svg = Chart::bars(Lang::Vi, String::new(), &parts).unwrap().svg;
        let heights: Vec<u32> = svg
            .split("<rect ")
            .filter(|r| r.contains("fill=\"#2B9256\""))
            .filter_map(|r| r.split_once("height=\"")?.1.split_once('"')?.0.parse().ok())
            .collect();
        assert_eq!(heights.len(), 2, "{svg}");
        assert!(heights[0].abs_diff(heights[1] / 2) <= 1, "half is half as high: {heights:?}");
        assert!(svg.contains("01/11") && !svg.contains("<b>"), "{svg}");
        assert!(!svg.contains("style="), "the page's policy forbids styles: {svg}");
    }

    #[test]
    fn nothing_to_show_is_no_chart() {
        assert_eq!(Chart::bars(Lang::Vi, String::new(), &[]), None);
        assert_eq!(Chart::bars(Lang::Vi, String::new(), &[part("01/11", 0, 0)]), None);
        assert!(
            Chart::bars(Lang::Vi, String::new(), &[part("01/11", 1, 2)]).unwrap().svg.contains("01/11"),
            "a single bar"
        );
        assert!(
            Chart::bars(Lang::Vi, String::new(), &[part("01/11", 0, u64::MAX)]).is_some(),
            "no number is too large"
        );
    }
}
