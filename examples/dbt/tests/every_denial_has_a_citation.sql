select run_id, claim_id, claim_line_number
from {{ source('claims_edit', 'current_decisions') }}
where disposition = 'deny' and (citation is null or carc is null or group_code is null)
