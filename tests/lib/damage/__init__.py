"""Sound claims, damaged one thing at a time, and an independent check of what comes of them.

The rule: no damage that structure, counts or code lists can show turns a review, a referral, a pass or a refusal into a
denial, and none loses a line or moves it to another claim. One valid value in place of another is no such damage, nor
is the clean loss of something optional.
"""
