//! Takes each control away in turn, and shows that a test notices.

use crate::trust::PLANTED;
use shared::planted::Fault;
use std::process::Command;

const KILLED: &str =
    "events::killed_between_commit_and_handing_on_nothing_is_lost_and_nothing_comes_twice";

const OVERWRITTEN: &[&str] = &[
    "console_staff::what_another_administrator_said_of_somebody_is_not_overwritten",
    "console_places::what_another_administrator_said_of_a_place_is_not_overwritten",
    "console_places::a_price_that_another_administrator_set_is_not_overwritten",
    "console_settings::what_another_administrator_chose_is_not_overwritten",
];
const OWN_ROLES: &[&str] =
    &["console_staff::nobody_raises_themselves_and_the_last_administrator_stays"];
const ONCE: &[&str] = &[
    "console_staff::somebody_new_chooses_a_password_at_a_desk_before_they_are_let_in",
    "console_staff::a_password_for_once_is_not_good_for_long",
];
const SET_UP: &[&str] = &["console_staff::a_password_alone_sets_up_no_second_factor"];
const RESET: &[&str] =
    &["console_staff::a_reset_ends_sessions_and_desks_hear_that_an_old_password_is_worth_nothing"];
const QUOTA: &[&str] =
    &["trust::limits::what_a_desk_adds_beyond_its_share_waits_there_and_is_taken_later"];
const IN_USE: &[&str] =
    &["console_places::a_ward_where_something_is_is_not_closed_and_all_of_it_is_said"];

/// Which tests notice that a control is missing: each of them does.
fn noticed_by(fault: Fault) -> &'static [&'static str] {
    match fault {
        Fault::AnyRoleMayAll | Fault::AnyState | Fault::AnyWard => {
            &["trust::matrix::every_role_writes_what_the_table_says_and_nothing_else"]
        }
        Fault::NetDifference => {
            &["trust::matrix::a_write_that_is_taken_back_in_the_same_change_is_still_a_write"]
        }
        Fault::AnyAuthor | Fault::AnyStartOp | Fault::AnyTime | Fault::AnyContent => {
            &["trust::stages::every_stage_stops_what_is_its_to_stop"]
        }
        Fault::OwnReview => {
            &["emergency::a_manager_reviews_what_others_opened_once_for_all_that_is_in_it"]
        }
        Fault::AnySize => &["trust::poison::bombs_are_refused_and_everybody_else_goes_on"],
        Fault::HeldIsDropped => &["trust::quarantine::what_was_held_is_shown_whole_and_let_in"],
        Fault::NoThrottle => &["trust::poison::a_desk_that_floods_the_hub_is_slowed_down"],
        Fault::AnyTimeAfterStop => {
            &["trust::late::work_from_after_a_stop_is_held_and_from_before_is_taken"]
        }
        Fault::NothingLeaves => {
            &["leaving::a_ward_forgets_who_went_to_another_and_gets_them_whole_when_they_come_back"]
        }
        Fault::ForeignIdsShow => {
            &["trust::routes::a_push_to_a_record_of_another_ward_is_answered_like_one_to_nothing"]
        }
        Fault::RevokedIsHeard => &[
            "trust::routes::every_route_answers_every_caller_as_declared",
            "orders::a_stopped_desk_gets_its_orders_and_nothing_else",
            "orders::a_desk_that_was_revoked_is_told_to_stop",
        ],
        Fault::AnyPlace => &["waybills::pushes_are_taken_in_line_and_once"],
        Fault::SamePerson => &["identity::a_workstation_waits_until_somebody_else_lets_it_in"],
        Fault::ExpiredIsGood => &["tls::a_desk_is_heard_with_its_own_certificate_while_it_is_good"],
        Fault::OlderTls => {
            &["tls::what_another_authority_gave_and_older_tls_do_not_come_through_the_door"]
        }
        Fault::NoQuota => QUOTA,
        Fault::SlowBodies => &["trust::limits::a_body_that_trickles_in_is_not_waited_for"],
        Fault::OldCertificate => {
            &["tls::the_hubs_own_certificate_is_short_lived_and_made_anew_while_it_serves"]
        }
        Fault::ResentWaits => &["trust::quarantine::what_somebody_wrote_again_waits_for_nobody"],
        Fault::AnySlot => {
            &["slots::of_two_desks_at_one_slot_one_gets_it_and_the_other_is_told_what_is_free"]
        }
        Fault::AnyDay => &["crowds::a_hundred_at_once_for_one_doctor_are_eight"],
        Fault::AnyLease => &["leases::a_slot_that_a_desk_was_lent_is_its_own_whenever_it_comes"],
        Fault::FirstCome => {
            &["slots::of_up_to_four_offline_requests_the_same_one_wins_in_whatever_order_they_come"]
        }
        Fault::UnheardNoShow => &[
            "visits::who_did_not_come_is_noted_once_every_desk_was_heard_and_else_left_to_a_person",
        ],
        Fault::HeardTwice | Fault::ToldEarly => &[KILLED],
        Fault::AnyNameWipes => &["console_devices::a_workstation_is_emptied_by_its_name_alone"],
        Fault::ListsKeepSessions => &["console_live::a_session_ends_though_its_lists_refresh"],
        Fault::NewestHoursWin => {
            &["console_hours::hours_that_somebody_changed_are_not_overwritten"]
        }
        Fault::NewestWordWins => OVERWRITTEN,
        Fault::OwnRoles => OWN_ROLES,
        Fault::OnceIsForEver => ONCE,
        Fault::AnyoneSetsUp => SET_UP,
        Fault::ResetIsNotHeard => RESET,
        Fault::ClosesInUse => IN_USE,
        Fault::ManyAtOnce => &["trust::poison::only_so_many_pushes_of_a_device_wait"],
    }
}

#[test]
fn every_control_that_is_taken_away_is_missed() {
    let own = std::env::current_exe().expect("this program");
    let cases = Fault::ALL
        .into_iter()
        .flat_map(|fault| noticed_by(fault).iter().map(move |test| (fault, *test)));
    for (fault, test) in cases {
        let output = Command::new(&own)
            .args([test, "--exact", "--test-threads", "1"])
            .env(PLANTED, format!("{fault:?}"))
            .output()
            .expect("the test runs");
        let said = String::from_utf8_lossy(&output.stdout);
        // it fails because it noticed, not because nothing ran
        assert!(said.contains("running 1 test"), "{fault:?}, {test}: {said}");
        assert!(
            said.contains("0 passed; 1 failed"),
            "{fault:?} goes unnoticed by {test}: {said}"
        );
    }
}
