//! Where the boxes of a picture stand and how its lines run between them.
//!
//! Connected tables are laid out in layers by `dagre`, those that lead to each other side by side; tables without references stand in rows below.

use std::collections::BTreeMap;

use dagre::graph::{Graph, GraphOptions};
use dagre::{EdgeLabel, LayoutOptions, NodeLabel, RankDir};

use super::Picture;

const MARGIN: f64 = 24.0;
const GAP: f64 = 28.0;
/// Between lines that run side by side.
const LINE_GAP: f64 = 10.0;
/// Between layers: room for lines, their ends and names.
const LAYER_GAP: f64 = 110.0;
/// The rows of single tables are at least this wide.
const WIDTH: f64 = 1100.0;
/// So many lines to one table lead to the next layer, and as many more to the one after it: else half of a large schema stands in one column.
const ABREAST: i32 = 14;

pub struct Size {
    pub width: f64,
    pub height: f64,
}

#[derive(Clone, Copy)]
pub struct Point {
    pub x: f64,
    pub y: f64,
}

pub struct Layout {
    pub size: Size,
    /// The upper left corner of each box.
    pub boxes: Vec<Point>,
    /// For each link, the points that it passes on its way between the boxes; empty for one from a table to itself.
    pub ways: Vec<Vec<Point>>,
}

pub fn layout(picture: &Picture<'_>, sizes: &[Size]) -> Layout {
    let is_linked = |table: usize| picture.links.iter().any(|l| l.from != l.to && (l.from == table || l.to == table));
    let mut boxes = vec![Point { x: MARGIN, y: MARGIN }; sizes.len()];
    let (linked, single): (Vec<usize>, Vec<usize>) = (0..sizes.len()).partition(|table| is_linked(*table));
    let (ways, mut size) = layers(picture, sizes, &linked, &mut boxes);

    let limit = size.width.max(WIDTH);
    let (mut x, mut y, mut tallest) = (MARGIN, if linked.is_empty() { MARGIN } else { size.height + GAP }, 0.0_f64);
    for table in single {
        let own = &sizes[table];
        if x > MARGIN && x + own.width > limit {
            (x, y, tallest) = (MARGIN, y + tallest + GAP, 0.0);
        }
        boxes[table] = Point { x, y };
        // A line from a table to itself runs at its right.
        size = Size { width: size.width.max(x + own.width + GAP), height: size.height.max(y + own.height) };
        (x, tallest) = (x + own.width + GAP * 2.0, tallest.max(own.height));
    }
    Layout { size: Size { width: size.width + MARGIN, height: size.height + MARGIN }, boxes, ways }
}

/// Lays out what is connected, from the tables that others lead to on the left to those that lead to them.
fn layers(picture: &Picture<'_>, sizes: &[Size], linked: &[usize], boxes: &mut [Point]) -> (Vec<Vec<Point>>, Size) {
    let mut graph: Graph<NodeLabel, EdgeLabel> = Graph::with_options(GraphOptions { directed: true, multigraph: true, compound: false });
    for table in linked {
        let Size { width, height } = sizes[*table];
        graph.set_node(table.to_string(), Some(NodeLabel { width, height, ..NodeLabel::default() }));
    }
    let mut leading = vec![0; sizes.len()];
    for (place, link) in picture.links.iter().enumerate().filter(|(_, l)| l.from != l.to) {
        let minlen = 1 + leading[link.to] / ABREAST;
        leading[link.to] += 1;
        graph.set_edge(
            link.to.to_string(),
            link.from.to_string(),
            Some(EdgeLabel { minlen, ..EdgeLabel::default() }),
            Some(&place.to_string()),
        );
    }
    let options = LayoutOptions {
        rankdir: RankDir::LR,
        nodesep: GAP,
        ranksep: LAYER_GAP,
        marginx: MARGIN,
        marginy: MARGIN,
        ..LayoutOptions::default()
    };
    dagre::layout(&mut graph, Some(options));

    let mut spots: Vec<Spot> = Vec::new();
    for table in linked {
        let Some(node) = graph.node(&table.to_string()) else { continue };
        let (x, y) = (node.x.unwrap_or_default(), node.y.unwrap_or_default());
        spots.push(Spot { x, y, height: sizes[*table].height, of: Of::Box(*table) });
    }
    for edge in graph.edges() {
        let (Some(label), Some(place)) = (graph.edge_by_obj(&edge), edge.name.as_deref().and_then(|name| name.parse::<usize>().ok()))
        else {
            continue;
        };
        // The first and the last lie on the boxes; lines start at a row and end at a name instead. Ours run the other way.
        let inner = label.points.get(1..label.points.len().saturating_sub(1)).unwrap_or_default();
        spots.extend(inner.iter().rev().map(|p| Spot { x: p.x, y: p.y, height: 0.0, of: Of::Way(place) }));
    }
    tighten(&mut spots);

    let mut ways = vec![Vec::new(); picture.links.len()];
    let mut size = Size { width: MARGIN, height: MARGIN };
    for Spot { x, y, of, .. } in spots {
        match of {
            Of::Way(link) => ways[link].push(Point { x, y }),
            Of::Box(table) => {
                let Size { width, height } = sizes[table];
                boxes[table] = Point { x: x - width / 2.0, y: y - height / 2.0 };
                size = Size { width: size.width.max(x + width / 2.0), height: size.height.max(y + height / 2.0) };
            }
        }
        size.height = size.height.max(y);
    }
    (ways, size)
}

/// A box, or a point of a line, by its middle.
struct Spot {
    x: f64,
    y: f64,
    height: f64,
    of: Of,
}

#[derive(Clone, Copy)]
enum Of {
    Box(usize),
    Way(usize),
}

/// Draws the layers together where they are spread out far more than their fullest one needs; their order stays.
fn tighten(spots: &mut [Spot]) {
    let mut layers: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
    for (i, spot) in spots.iter().enumerate() {
        layers.entry((spot.x * 10.0).round() as i64).or_default().push(i);
    }
    for layer in layers.values_mut() {
        layer.sort_by(|a, b| spots[*a].y.total_cmp(&spots[*b].y));
    }
    let room = |a: &Spot, b: &Spot| (a.height + b.height) / 2.0 + if a.height + b.height > 0.0 { GAP } else { LINE_GAP };
    let needed = |layer: &Vec<usize>| layer.windows(2).map(|pair| room(&spots[pair[0]], &spots[pair[1]])).sum::<f64>();
    let fullest = layers.values().map(needed).fold(0.0, f64::max);
    let (top, bottom) = spots.iter().fold((f64::MAX, f64::MIN), |(top, bottom), s| (top.min(s.y), bottom.max(s.y)));
    let scale = (fullest * 1.2 / (bottom - top).max(1.0)).min(1.0);

    for layer in layers.values() {
        // Without the room that those before it take, each only has to be no higher than the one before: neighbours for which that fails share their mean.
        let mut offset = 0.0;
        let mut offsets = Vec::with_capacity(layer.len());
        let mut pools: Vec<(f64, usize)> = Vec::new();
        for (i, at) in layer.iter().enumerate() {
            if i > 0 {
                offset += room(&spots[layer[i - 1]], &spots[*at]);
            }
            offsets.push(offset);
            let mut pool = ((spots[*at].y - top) * scale - offset, 1);
            while let Some((mean, count)) = pools.pop_if(|(mean, _)| *mean > pool.0) {
                pool = ((mean * count as f64 + pool.0 * pool.1 as f64) / (count + pool.1) as f64, count + pool.1);
            }
            pools.push(pool);
        }
        let means = pools.iter().flat_map(|(mean, count)| std::iter::repeat_n(*mean, *count));
        for ((at, mean), offset) in layer.iter().zip(means).zip(offsets) {
            spots[*at].y = mean + offset;
        }
    }
    let above = spots.iter().map(|s| s.y - s.height / 2.0).fold(f64::MAX, f64::min);
    spots.iter_mut().for_each(|s| s.y += MARGIN - above);
}
