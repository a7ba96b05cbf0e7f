"""The types of FHIR's resources beside claims; another word in their place is not named, for it may be a value."""

from __future__ import annotations

RESOURCE_TYPES = frozenset({
    "Account", "AdverseEvent", "AllergyIntolerance", "Appointment", "AuditEvent", "Basic", "Binary", "CarePlan",
    "CareTeam", "ChargeItem", "ClaimResponse", "ClinicalImpression", "CodeSystem", "Communication", "Composition",
    "ConceptMap", "Condition", "Consent", "Contract", "Coverage", "CoverageEligibilityRequest",
    "CoverageEligibilityResponse", "DetectedIssue", "Device", "DeviceRequest", "DiagnosticReport", "DocumentReference",
    "Encounter", "Endpoint", "EnrollmentRequest", "EpisodeOfCare", "FamilyMemberHistory", "Flag", "Goal", "Group",
    "HealthcareService", "ImagingStudy", "Immunization", "InsurancePlan", "Invoice", "Library", "List", "Location",
    "Media", "Medication", "MedicationAdministration", "MedicationDispense", "MedicationRequest",
    "MedicationStatement", "MessageHeader", "NutritionOrder", "Observation", "OperationOutcome", "Organization",
    "OrganizationAffiliation", "Parameters", "Patient", "PaymentNotice", "PaymentReconciliation", "Person",
    "Practitioner", "PractitionerRole", "Procedure", "Provenance", "Questionnaire", "QuestionnaireResponse",
    "RelatedPerson", "ResearchStudy", "ResearchSubject", "Schedule", "ServiceRequest", "Slot", "Specimen",
    "StructureDefinition", "Subscription", "Substance", "SupplyDelivery", "SupplyRequest", "Task", "ValueSet",
})  # fmt: skip
