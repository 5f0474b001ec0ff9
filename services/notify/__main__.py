"""python -m services.notify api|relay|consumer|worker|migrate|redrive|reconcile|new-epoch|resend"""

from services.notify import wiring
from shared.messaging import roles

if __name__ == "__main__":
    roles.main(wiring.SERVICE, {"worker": wiring.run_worker}, {"resend": wiring.resend})
