//! What an administrator is shown when a workstation is to become known.

use crate::error::Error;
use anyhow::{Context, Result};
use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};
use shared::device::Invitation;

/// Returns an invitation as a code to scan, as its text, and as what can be typed. The typed code comes last.
pub(crate) fn page(invitation: &Invitation) -> Result<String> {
    let text = invitation.scanned();
    let code = QrCode::with_error_correction_level(&text, EcLevel::M)
        .context("the text of an invitation fits in a code")?;
    let picture = code.render::<Dense1x2>().build();
    Ok(format!(
        "{picture}\n\nto paste     {text}\nor address   {}\nand code     {}",
        invitation.hub,
        invitation.typed()
    ))
}

/// Says why somebody could not let a workstation in.
pub(crate) fn explain(error: &Error) -> String {
    match error.code().as_str() {
        "device.same_person" => "whoever gave the code cannot approve it: ask somebody else".into(),
        "device.unknown" => "there is no such workstation".into(),
        "device.revoked" => "it was revoked, which is for good".into(),
        other => format!("it could not be approved: {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::device::Print;

    #[test]
    fn the_page_ends_with_what_can_be_typed() {
        let invitation = Invitation {
            hub: "https://wardbook.example-hospital.org:4600".into(),
            code: "K7Q2MXR4TW".into(),
            print: Some(Print::of(&[1; 32])),
        };
        let page = page(&invitation).unwrap();
        let last = page.split_whitespace().next_back().unwrap();
        assert_eq!(
            Invitation::read(&invitation.hub, last),
            Ok(invitation.clone())
        );
        assert!(page.contains(&invitation.scanned()));
        assert!(page.lines().count() > 20, "a picture");
    }
}
