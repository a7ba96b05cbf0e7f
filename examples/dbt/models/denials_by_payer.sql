select payer, reason_code, count(*) as lines, sum(charge_amount) as charges
from {{ source('claims_edit', 'current_decisions') }}
where disposition = 'deny'
group by all
order by payer, reason_code
