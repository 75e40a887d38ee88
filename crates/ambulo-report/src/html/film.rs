//! The walk on film: stills at events, and the overlay video beside the report.

use maud::{Markup, html};

/// What of the film goes into the report.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Film {
    /// Path of the overlay video from the report, if there is one.
    pub video: Option<String>,
    /// Pictures of the walker, in order of time.
    pub stills: Vec<Still>,
}

/// One picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Still {
    /// What happens in it.
    pub caption: String,
    /// Columns.
    pub width_px: u32,
    /// Rows.
    pub height_px: u32,
    /// The picture as PNG.
    pub png: Vec<u8>,
}

/// The most stills shown.
const STILLS: usize = 6;
/// The largest still embedded, in bytes.
const STILL_BYTES: usize = 400_000;

pub(super) fn section(film: &Film) -> Markup {
    let stills = film.stills.iter();
    let stills: Vec<&Still> = stills
        .filter(|still| still.png.len() <= STILL_BYTES)
        .take(STILLS)
        .collect();
    if stills.is_empty() && film.video.is_none() {
        return html! {};
    }
    html! {
        section.film aria-labelledby="film-heading" {
            h2 #film-heading { "The walk on film" }
            @if !stills.is_empty() {
                div.stills {
                    @for still in stills {
                        figure {
                            img src={ "data:image/png;base64," (base64(&still.png)) }
                                width=(still.width_px) height=(still.height_px)
                                alt={ "The walker with the skeleton: " (still.caption) };
                            figcaption { (still.caption) }
                        }
                    }
                }
            }
            @if let Some(video) = &film.video {
                video controls preload="metadata" src=(video) {
                    a href=(video) { "The video with the skeleton" }
                }
            }
            p.small {
                span.key-left { "● left" } ", " span.key-right { "◆ right" }
                "; what the detector hardly believed is faint. "
                @if !film.stills.is_empty() { "Faces are hidden in these pictures. " }
                @if let Some(video) = &film.video {
                    "The video lies beside this report and is not in it: " a href=(video) { (video) } "."
                }
            }
        }
    }
}

/// Base64 with padding (RFC 4648, section 4).
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let byte = |place: usize| usize::from(three.get(place).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            text.push(if digit <= three.len() {
                char::from(DIGITS[bits >> (18 - 6 * digit) & 63])
            } else {
                '='
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_standard() {
        for (plain, coded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
        assert_eq!(base64(&[251, 255, 190]), "+/++");
    }
}
