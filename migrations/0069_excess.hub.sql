-- An insurer covers what the patient has paid meanwhile: that much of a payment stays with the hospital as the patient's.

grant update (applied, kept) on payments.payment to wardbook_payments;
